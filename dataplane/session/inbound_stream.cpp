#include "dataplane/session/inbound_stream.h"

namespace usbgw::session {

void InboundStream::open(const StreamOptions& options) {
  if (is_open_) close();
  options_ = options;
  is_open_ = true;
  clock_reports = {};
  unwrapper_ = {};
  seen_ = {};
  next_ = 0;
  held_ = 0;
  owes_ack_ = false;
}

void InboundStream::close() {
  for (std::size_t i = 0; i < kReliableWindow; ++i)
    if ((held_ >> i & 1) != 0) blocks_->let_waiting_go(items_[i].block);
  held_ = 0;
  counters_->add(SessionCounter::sources_lost, seen_.missing());
  is_open_ = false;
}

Acceptance InboundStream::receive(StreamItem item, std::uint32_t number) {
  return options_.delivery == Delivery::reliable ? receive_reliable(item, number)
                                                 : receive_timely(item, number);
}

Acceptance InboundStream::receive_timely(StreamItem& item, std::uint32_t number) {
  const std::int64_t unwrapped = unwrapper_.peek(number);
  if (unwrapped < 0 || !seen_.is_new(unwrapped)) return Acceptance::duplicate;
  item.source = SourceNumber{unwrapped};
  // Marked only when it went through: a copy may still come.
  if (!blocks_->link().publish(item)) return Acceptance::refused_ring_full;
  unwrapper_.unwrap(number);
  counters_->add(SessionCounter::sources_lost, seen_.mark(unwrapped));
  count_delivered(item);
  return Acceptance::delivered;
}

Acceptance InboundStream::receive_reliable(StreamItem& item, std::uint32_t number) {
  const std::int64_t unwrapped = unwrap_near(number, next_);
  if (unwrapped < next_ + static_cast<std::int64_t>(kReliableWindow)) owes_ack_ = true;
  if (unwrapped < next_) return Acceptance::duplicate;
  if (unwrapped >= next_ + static_cast<std::int64_t>(kReliableWindow))
    return Acceptance::refused_no_block;
  if (is_held(unwrapped)) return Acceptance::duplicate;
  if (!blocks_->hold_waiting(item.block, unwrapped == next_)) return Acceptance::refused_no_block;
  item.source = SourceNumber{unwrapped};
  items_[slot(unwrapped)] = item;
  held_ |= std::uint64_t{1} << slot(unwrapped);
  deliver();
  return Acceptance::delivered;
}

std::size_t InboundStream::deliver() {
  std::size_t published = 0;
  while (is_held(next_)) {
    const StreamItem& item = items_[slot(next_)];
    if (!blocks_->link().publish(item)) break;
    count_delivered(item);
    blocks_->let_waiting_go(item.block);
    held_ &= ~(std::uint64_t{1} << slot(next_));
    ++next_;
    ++published;
  }
  return published;
}

void InboundStream::count_delivered(const StreamItem& item) {
  counters_->add(SessionCounter::sources_received);
  if (item.provenance == Provenance::repaired) counters_->add(SessionCounter::sources_repaired);
  if (item.provenance == Provenance::retransmitted)
    counters_->add(SessionCounter::sources_retransmitted);
}

wire::AckRecord InboundStream::ack() const {
  const std::int64_t end = next_ + static_cast<std::int64_t>(kReliableWindow);
  std::int64_t expected = next_;  // held sources are safe, published or not
  while (expected < end && is_held(expected)) ++expected;
  wire::AckRecord ack;
  ack.key = key();
  ack.next_expected = static_cast<std::uint32_t>(expected);
  for (std::int64_t n = expected + 1; n < end; ++n) {
    if (!is_held(n)) continue;
    auto& range = ack.ranges[ack.range_count++];
    range.start = static_cast<std::uint16_t>(n - expected);
    while (n < end && is_held(n)) {
      ++range.length;
      ++n;
    }
  }
  return ack;
}

}  // namespace usbgw::session
