// What one session's packet worker and USB worker share: the two stream links, the stream commands
// that must not overtake the items published after them, and the newest path estimate. Made by the
// control thread, held by both workers until each has let go.
#pragma once

#include <cstdint>

#include "common/path_estimate.h"
#include "common/spsc_ring.h"
#include "common/stream_link.h"
#include "dataplane/session/session.h"

namespace usbgw::node {

// Names a session (one peer connection) among the threads of one role.
using SessionHandle = Strong<struct SessionHandleTag, std::uint32_t>;

struct StreamCommand {
  enum class Kind : std::uint8_t {
    open_outbound,
    open_inbound,
    close_outbound,
    close_inbound,
    set_deadline
  };
  Kind kind{};
  // close: options.stream alone; set_deadline: epoch and repair.deadline too
  session::StreamOptions options;
};

struct PathUpdate {
  PathEstimate path;
  std::size_t source_bytes = 0;
};

struct LinkSizes {
  std::size_t inbound_blocks = 512;
  std::size_t outbound_blocks = 1024;  // held through the repair window
  std::size_t block_bytes = 2048;      // at least one datagram
  std::size_t items = 1024;
};

struct SessionLinks {
  explicit SessionLinks(const LinkSizes& sizes)
      : inbound(sizes.inbound_blocks, sizes.block_bytes, sizes.items),
        outbound(sizes.outbound_blocks, sizes.block_bytes, sizes.items) {}

  StreamLink inbound;                     // packet worker produces
  StreamLink outbound;                    // USB worker produces
  SpscRing<StreamCommand> commands{256};  // USB worker produces
  SpscRing<PathUpdate> paths{64};         // packet worker produces; a full ring skips one update
};

}  // namespace usbgw::node
