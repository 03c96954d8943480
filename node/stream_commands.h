// Opens and closes an attachment's streams in the datagram session, and remembers which are open,
// so that whatever ends an attachment can close them.
#pragma once

#include <optional>
#include <vector>

#include "node/session_links.h"
#include "wire/stream_request.h"

namespace usbgw::node {

// How isochronous streams are repaired.
struct RepairConfig {
  bool copies = true;
  Duration delay{};  // of copies; zero: half the playout margin of the stream
  // What is not a scheme of its own goes beside copies; the deadline comes of the stream's playout
  // margin.
  std::optional<session::RepairOptions> options{};
};

class StreamCommands {
 public:
  StreamCommands(SessionLinks& links, RepairConfig repair) : links_(links), repair_(repair) {
    open_.reserve(64);
  }

  // `sends`: this side sends the stream's data. False when the packet worker's command ring is
  // full.
  [[nodiscard]] bool open(const wire::StreamOpen& open, bool sends);
  // D of an open isochronous stream has moved. Lost when the command ring is full: the next move
  // says it again.
  void set_playout(const wire::StreamMargin& margin);
  void close(StreamId stream);
  void close_all();
  // What this side's own limit leaves of it. `max_payload`: largest datagram with isochronous data;
  // 0: the path's.
  [[nodiscard]] static wire::StreamOpen limited(wire::StreamOpen open, std::size_t max_payload);
  [[nodiscard]] bool any_open() const { return !open_.empty(); }

 private:
  struct Open {
    StreamId stream;
    bool sends = false;
  };
  SessionLinks& links_;
  RepairConfig repair_;
  std::vector<Open> open_;
};

}  // namespace usbgw::node
