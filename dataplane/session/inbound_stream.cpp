#include "dataplane/session/inbound_stream.h"

#include <algorithm>

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
  is_combined_ = false;
  if (options.delivery != Delivery::timely) return;
  if (options.repair.scheme != RepairScheme::copy) combine();
  if (asks()) gaps.open(options.repair.deadline);
  next_report_ = {};
  reported_missing_ = 0;
}

// Copies alone want no window: its memory is locked.
void InboundStream::combine() {
  is_combined_ = true;
  if (window_) window_->clear();
}

// A stream that was opened without one goes on without.
void InboundStream::set_deadline(Duration deadline) {
  if (!asks() || deadline <= Duration{}) return;
  options_.repair.deadline = deadline;
  gaps.set_deadline(deadline);
}

void InboundStream::close() {
  for (std::size_t i = 0; i < kReliableWindow; ++i)
    if ((held_ >> i & 1) != 0) blocks_->let_waiting_go(items_[i].block);
  held_ = 0;
  counters_->add(SessionCounter::sources_lost, seen_.missing());
  is_open_ = false;
}

Acceptance InboundStream::receive(StreamItem item, std::uint32_t number, Duration lag) {
  if (options_.delivery == Delivery::reliable) return receive_reliable(item, number);
  const Acceptance acceptance = receive_timely(item, number, lag);
  if (acceptance == Acceptance::delivered) learn(item);
  return acceptance;
}

Acceptance InboundStream::receive_timely(StreamItem& item, std::uint32_t number, Duration lag) {
  const std::int64_t unwrapped = unwrapper_.peek(number);
  if (unwrapped < 0) return Acceptance::duplicate;
  if (!seen_.is_new(unwrapped)) {
    if (asks() && item.provenance == Provenance::direct)
      gaps.arrived(unwrapped, item.provenance, item.time, lag);
    return Acceptance::duplicate;
  }
  item.source = SourceNumber{unwrapped};
  // Marked only when it went through: a copy may still come.
  if (!blocks_->link().publish(item)) return Acceptance::refused_ring_full;
  unwrapper_.unwrap(number);
  counters_->add(SessionCounter::sources_lost, seen_.mark(unwrapped));
  count_delivered(item);
  if (asks()) gaps.arrived(unwrapped, item.provenance, item.time, lag);
  return Acceptance::delivered;
}

// After a source has been delivered, whose block still stands.
void InboundStream::learn(const StreamItem& item) {
  if (!is_combined_ || !window_) return;
  window_->add_source(item.source, blocks_->link().bytes(item));
  deliver_recovered(item.time);
}

bool InboundStream::receive_repair(const wire::RepairRecord& repair, Instant now) {
  const bool is_timely = options_.delivery == Delivery::timely;
  if (is_timely && !is_combined_) combine();
  if (!is_timely || !window_) {
    counters_->add(SessionCounter::repairs_useless);
    return true;
  }
  std::array<SourceNumber, wire::kMaxRepairSet> set;
  const std::int64_t first = unwrapper_.peek(repair.numbers[0]);
  for (std::size_t i = 0; i < repair.count; ++i)
    set[i] = SourceNumber{first + (repair.numbers[i] - repair.numbers[0])};
  switch (window_->add_repair(repair.row, std::span(set).first(repair.count), repair.symbol)) {
    case fec::RepairOutcome::recovered:
      deliver_recovered(now);
      return true;
    case fec::RepairOutcome::kept:
      return true;
    case fec::RepairOutcome::useless:
    case fec::RepairOutcome::too_old:
    case fec::RepairOutcome::refused:
      counters_->add(SessionCounter::repairs_useless);
      return true;
    case fec::RepairOutcome::malformed:
      break;
  }
  return false;
}

void InboundStream::deliver_recovered(Instant now) {
  while (const auto recovered = window_->take_recovered()) {
    const auto claim = blocks_->claim();
    if (!claim) {
      counters_->add(SessionCounter::drop_no_block);
      continue;
    }
    std::copy(recovered->bytes.begin(), recovered->bytes.end(), claim->bytes.begin());
    StreamItem item;
    item.provenance = Provenance::repaired;
    item.epoch = options_.epoch;
    item.stream = options_.stream;
    item.time = now;
    item.block = claim->block;
    item.length = static_cast<std::uint32_t>(recovered->bytes.size());
    const auto number = static_cast<std::uint32_t>(recovered->number.value());
    if (receive_timely(item, number, {}) == Acceptance::refused_ring_full)
      counters_->add(SessionCounter::drop_ring_full);
    blocks_->let_go(claim->block);
  }
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

Instant InboundStream::next_report() const {
  if (!reports()) return kNever;
  const bool has_news = gaps.losses().missing != reported_missing_;
  return has_news ? next_report_ - (kReportInterval - kLossReportInterval) : next_report_;
}

wire::LossReportRecord InboundStream::take_report(Instant now) {
  const GapTracker::Losses& losses = gaps.losses();
  const auto us = [](Duration duration) {
    return static_cast<std::uint32_t>(duration / std::chrono::microseconds(1));
  };
  const wire::LossReportRecord report{key(),
                                      losses.settled,
                                      losses.missing,
                                      losses.runs,
                                      losses.beyond,
                                      us(losses.longest),
                                      us(gaps.line().late() + gaps.line().early())};
  reported_missing_ = losses.missing;
  gaps.forget_longest();
  next_report_ = now + kReportInterval;
  return report;
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
