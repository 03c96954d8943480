// One direction between a USB worker and a packet worker: a pool of fixed blocks that the producer
// owns, items that point into them, and the way home.
//
//   producer: claim() -> fill -> publish() any number of items -> retire()
//   consumer: pop() -> read bytes() -> ... -> release()
//
// A block goes back to the pool when the producer has retired it and the consumer has released
// every item that points into it. Outbound, a block is one source symbol that the packet worker may
// keep until its repair window has passed; inbound, a block is one opened datagram that several
// items share. Nothing here allocates after construction, and an empty pool or a full ring is a
// value.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "common/ids.h"
#include "common/spsc_ring.h"
#include "common/timeline.h"

namespace usbgw {

using BlockIndex = Strong<struct BlockIndexTag, std::uint32_t>;

// How a source symbol reached the receiver; senders leave it direct.
enum class Provenance : std::uint8_t { direct, repaired, retransmitted };

enum class ItemKind : std::uint8_t {
  source,        // body: a source symbol (wire/isochronous_body.h, wire/interrupt_body.h)
  clock_report,  // body: wire::ClockReport; unnumbered, newest wins
};

struct StreamItem {
  ItemKind kind = ItemKind::source;
  Provenance provenance = Provenance::direct;
  StreamEpoch epoch;
  StreamId stream;
  SourceNumber source;
  Instant time{};  // outbound: when the USB side filed it; inbound: when the datagram arrived
  BlockIndex block;
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
};

class StreamLink {
 public:
  // `blocks` and `block_bytes` bound the memory; `items` (a power of two) bounds the ring.
  StreamLink(std::size_t blocks, std::size_t block_bytes, std::size_t items);

  // --- producer thread ---
  struct Claim {
    BlockIndex block;
    std::span<std::byte> bytes;
  };
  // Nothing when every block is out: the caller counts the drop.
  [[nodiscard]] std::optional<Claim> claim();
  // item.block must be claimed and not retired; false when the ring is full (the item is then not
  // sent).
  [[nodiscard]] bool publish(const StreamItem& item);
  // The producer's own hold on the block ends.
  void retire(BlockIndex block);
  [[nodiscard]] std::size_t block_bytes() const { return block_bytes_; }
  [[nodiscard]] std::size_t block_count() const { return holds_.size(); }
  [[nodiscard]] std::size_t free_blocks();
  // Items of this stream that the consumer has not released yet. A reliable stream's items stay out
  // until the peer has acknowledged them: its producer stops filling at a limit of its own, so that
  // one stalled stream does not take every block.
  [[nodiscard]] std::size_t outstanding(StreamId stream);

  // Items published since the start; wraps. Whether the consumer is to be woken is known from this
  // alone: what is pending may shrink meanwhile.
  [[nodiscard]] std::size_t published() const { return items_.pushed(); }

  // --- consumer thread ---
  [[nodiscard]] bool pop(StreamItem& item) { return items_.pop(item); }
  [[nodiscard]] std::span<const std::byte> bytes(const StreamItem& item) const;
  void release(const StreamItem& item);

  // Either thread; a snapshot of the items published and not yet popped.
  [[nodiscard]] std::size_t pending() const { return items_.size(); }

 private:
  struct Returned {
    BlockIndex block;
    StreamId stream;
  };
  void collect();
  void drop_hold(BlockIndex block);
  std::span<std::byte> block(BlockIndex index) {
    return std::span(memory_).subspan(index.value() * block_bytes_, block_bytes_);
  }

  std::size_t block_bytes_;
  std::vector<std::byte> memory_;
  std::vector<std::uint16_t> holds_;  // producer's
  std::vector<BlockIndex> free_;      // producer's
  // Producer's; by StreamId.
  std::vector<std::uint32_t> outstanding_ = std::vector<std::uint32_t>(std::size_t{1} << 16);
  SpscRing<StreamItem> items_;
  SpscRing<Returned> home_;
};

}  // namespace usbgw
