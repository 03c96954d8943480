// The blocks of the inbound link while the session still needs them: the datagram being opened, and
// sources of reliable streams that wait for an earlier one. A block is retired when the last hold
// ends.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "common/stream_link.h"

namespace usbgw::session {

class InboundBlocks {
 public:
  explicit InboundBlocks(StreamLink& link) : link_(link), holds_(link.block_count()) {}

  // A block with one hold, the caller's.
  [[nodiscard]] std::optional<StreamLink::Claim> claim() {
    const auto claim = link_.claim();
    if (claim) holds_[claim->block.value()] = 1;
    return claim;
  }
  void let_go(BlockIndex block) {
    if (--holds_[block.value()] == 0) link_.retire(block);
  }
  // For a source of a reliable stream. False when waiting sources hold as many as they may: the
  // rest of the blocks is for what can be delivered at once. The source that a stream is waiting
  // for is always taken, or nothing would ever end the waiting.
  [[nodiscard]] bool hold_waiting(BlockIndex block, bool is_next) {
    if (!is_next && waiting_ >= holds_.size() / 4) return false;
    ++waiting_;
    ++holds_[block.value()];
    return true;
  }
  void let_waiting_go(BlockIndex block) {
    --waiting_;
    let_go(block);
  }
  [[nodiscard]] StreamLink& link() { return link_; }

 private:
  StreamLink& link_;
  std::vector<std::uint16_t> holds_;
  std::size_t waiting_ = 0;
};

}  // namespace usbgw::session
