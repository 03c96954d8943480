#include "common/stream_link.h"

#include <bit>

namespace usbgw {

StreamLink::StreamLink(std::size_t blocks, std::size_t block_bytes, std::size_t items)
    : block_bytes_(block_bytes),
      memory_(blocks * block_bytes),
      holds_(blocks, 0),
      items_(items),
      // Every item in the ring or in the consumer's hands may come home before the producer looks.
      home_(std::bit_ceil(items + blocks * 64)) {
  free_.reserve(blocks);
  for (std::size_t i = blocks; i > 0; --i) free_.emplace_back(static_cast<std::uint32_t>(i - 1));
}

std::optional<StreamLink::Claim> StreamLink::claim() {
  if (free_.empty()) collect();
  if (free_.empty()) return std::nullopt;
  const BlockIndex index = free_.back();
  free_.pop_back();
  holds_[index.value()] = 1;
  return Claim{index, block(index)};
}

bool StreamLink::publish(const StreamItem& item) {
  USBGW_ASSERT(holds_[item.block.value()] > 0);
  USBGW_ASSERT(std::size_t{item.offset} + item.length <= block_bytes_);
  if (holds_[item.block.value()] >= 64)
    return false;  // bounds home_; no datagram holds so many records
  if (!items_.push(item)) return false;
  ++holds_[item.block.value()];
  ++outstanding_[item.stream.value()];
  return true;
}

void StreamLink::retire(BlockIndex block) {
  drop_hold(block);
}

std::size_t StreamLink::free_blocks() {
  collect();
  return free_.size();
}

std::size_t StreamLink::outstanding(StreamId stream) {
  collect();
  return outstanding_[stream.value()];
}

std::span<const std::byte> StreamLink::bytes(const StreamItem& item) const {
  return std::span(memory_).subspan(item.block.value() * block_bytes_ + item.offset, item.length);
}

void StreamLink::release(const StreamItem& item) {
  const bool fits = home_.push(Returned{item.block, item.stream});
  USBGW_ASSERT(fits);
}

void StreamLink::collect() {
  Returned returned;
  while (home_.pop(returned)) {
    --outstanding_[returned.stream.value()];
    drop_hold(returned.block);
  }
}

void StreamLink::drop_hold(BlockIndex block) {
  USBGW_ASSERT(holds_[block.value()] > 0);
  if (--holds_[block.value()] == 0) free_.push_back(block);
}

}  // namespace usbgw
