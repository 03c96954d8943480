#include "dataplane/session/outbound_stream.h"

#include <algorithm>

#include "common/assertion.h"
#include "common/sequence.h"

namespace usbgw::session {
namespace {

// Back-off ends here: a stream that the peer opens late starts within this time.
constexpr Duration kMaxTimeout = std::chrono::milliseconds(200);
// The last copy leaves this long before its deadline: for the turns of both ends.
constexpr Duration kBeforeDeadline = std::chrono::microseconds(800);
// Beyond the path's: the peer acknowledges at its next turn, and hurries for nothing.
constexpr Duration kAckPatience = std::chrono::microseconds(250);
// A copy that is due within this leaves with a source that goes now: one datagram instead of two.
// No more than kAckPatience, or it would be sent before its acknowledgement is expected.
constexpr Duration kTogether = kAckPatience;

}  // namespace

KeptItems::KeptItems(std::size_t capacity) : nodes_(capacity) {
  for (std::size_t i = capacity; i > 0; --i) free(static_cast<Index>(i - 1));
}

KeptItems::Index KeptItems::keep(const StreamItem& item) {
  const Index index = free_;
  if (index == kNone) return kNone;
  free_ = nodes_[index].next;
  nodes_[index] = Node{};
  nodes_[index].item = item;
  return index;
}

void KeptItems::free(Index index) {
  nodes_[index].next = free_;
  free_ = index;
}

void KeptItems::append(List& list, Index index) {
  nodes_[index].next = kNone;
  if (list.empty())
    list.head = index;
  else
    nodes_[list.tail].next = index;
  list.tail = index;
}

KeptItems::Index KeptItems::take_first(List& list) {
  const Index index = list.head;
  if (index == kNone) return kNone;
  list.head = nodes_[index].next;
  if (list.head == kNone) list.tail = kNone;
  return index;
}

void OutboundStream::open(const StreamOptions& options) {
  if (is_open_) close();
  options_ = options;
  is_open_ = true;
  clock_reports = loss_reports = {};
  next_number_ = base_ = end_ = 0;
  held_first_ = held_end_ = 0;
  window_.fill(KeptItems::kNone);
  if (combines()) {
    const RepairOptions& repair = options.repair;
    RepairPlan plan{repair.scheme, repair.data, repair.repair, repair.spread};
    if (repair.scheme == RepairScheme::copy)
      plan = {RepairScheme::block, 1, repair.copy_after > Duration{} ? 1u : 0u, repair.copy_after};
    schedule.open(plan, repair.resends ? repair.deadline : Duration{});
    if (is_automatic()) {
      if (!controller_) controller_ = std::make_unique<RepairController>();
      controller_->open(repair.deadline, repair.share);
      follow_controller();
    }
  }
}

void OutboundStream::close() {
  for (; base_ < end_; ++base_) drop(base_);
  for (auto index = kept_->take_first(waiting_); index != KeptItems::kNone;
       index = kept_->take_first(waiting_)) {
    link_->release((*kept_)[index].item);
    kept_->free(index);
  }
  schedule.close();
  is_open_ = false;
}

void OutboundStream::source_sent(const StreamItem& item, Instant now) {
  if (is_automatic()) {
    controller_->source_sent(item.length, now);
    follow_controller();
  }
  schedule.sent(item, now);
}

void OutboundStream::is_in(std::uint64_t datagram, std::int64_t first, std::int64_t end) {
  const bool is_another = datagram != datagram_ || held_first_ == held_end_;
  held_first_ = is_another ? first : std::min(held_first_, first);
  held_end_ = is_another ? end : std::max(held_end_, end);
  datagram_ = datagram;
}

void OutboundStream::report(const wire::LossReportRecord& report, Instant now,
                            const RoundTrip& round_trip) {
  if (!is_open_ || is_reliable() || !is_automatic()) return;
  controller_->report(report, now, round_trip);
  follow_controller();
}

void OutboundStream::set_deadline(Duration deadline) {
  if (!combines()) return;
  options_.repair.deadline = deadline;
  if (options_.repair.resends) schedule.resend_until(deadline);
  if (!is_automatic()) return;
  controller_->set_deadline(deadline);
  follow_controller();
}

void OutboundStream::follow_controller() {
  const RepairChoice& choice = controller_->choice();
  schedule.set_plan(choice.plan);
  schedule.heed_requests(choice.resends);
}

bool OutboundStream::keep_for_copy(const StreamItem& item, Instant now) {
  const auto index = kept_->keep(item);
  if (index == KeptItems::kNone) return false;
  (*kept_)[index].due = now + options_.repair.copy_after;
  kept_->append(waiting_, index);
  return true;
}

KeptItems::Index OutboundStream::due_copy(Instant now) const {
  if (is_reliable() || waiting_.empty() || (*kept_)[waiting_.head].due > now)
    return KeptItems::kNone;
  return waiting_.head;
}

StreamItem OutboundStream::take_copy() {
  const auto index = kept_->take_first(waiting_);
  USBGW_ASSERT(index != KeptItems::kNone);
  const StreamItem item = (*kept_)[index].item;
  kept_->free(index);
  return item;
}

void OutboundStream::enqueue(const StreamItem& item, Instant now) {
  const auto index = kept_->keep(item);
  USBGW_ASSERT(index != KeptItems::kNone);
  kept_->append(waiting_, index);
  fill_window(now);
}

void OutboundStream::fill_window(Instant now) {
  while (end_ < base_ + static_cast<std::int64_t>(kReliableWindow) && !waiting_.empty()) {
    const auto index = kept_->take_first(waiting_);
    (*kept_)[index].due = now;
    slot(end_++) = index;
  }
}

// Sources leave for the first time in order.
bool OutboundStream::has_first() const {
  return base_ < end_ && slot(end_ - 1) != KeptItems::kNone && (*kept_)[slot(end_ - 1)].is_first();
}

KeptItems::Index OutboundStream::due_source(std::int64_t& cursor, Instant now) const {
  const Instant copies = has_first() ? now + kTogether : now;
  for (cursor = std::max(cursor, base_); cursor < end_; ++cursor) {
    const auto index = slot(cursor);
    if (index == KeptItems::kNone) continue;
    const auto& node = (*kept_)[index];
    if (node.due > (node.is_copy_next ? copies : now)) continue;
    ++cursor;
    return index;
  }
  return KeptItems::kNone;
}

// Each copy waits for the acknowledgement of what was sent before it, but two are to be in time.
std::optional<Instant> OutboundStream::next_copy(const KeptItems::Node& node, Instant now,
                                                 Duration expected) const {
  const Duration latest = options_.repair.deadline - kBeforeDeadline;
  if (latest <= Duration{}) return std::nullopt;
  const Duration acknowledged = expected > Duration{} ? expected + kAckPatience : latest;
  const Duration step = std::min(acknowledged, latest / 2);
  const Instant next = std::max(node.due + step, now + step / 2);
  if (next > node.copies_until) return std::nullopt;
  return next;
}

void OutboundStream::source_sent(KeptItems::Index index, Instant now, const AnswerTimes& answer) {
  auto& node = (*kept_)[index];
  const bool is_first = node.is_first();
  if (is_first) {
    node.timeout = answer.timeout;
    node.copies_until = now + options_.repair.deadline - kBeforeDeadline;
  }
  if (is_first || node.is_copy_next) {
    const auto copy = next_copy(node, now, answer.expected);
    node.is_copy_next = copy.has_value();
    if (copy) {
      node.due = *copy;
      return;
    }
  }
  node.due = now + node.timeout;
  node.timeout = std::min(2 * node.timeout, std::max(kMaxTimeout, answer.timeout));
}

bool OutboundStream::acknowledge(const wire::AckRecord& ack, Instant now) {
  const std::int64_t expected = unwrap_near(ack.next_expected, base_);
  if (expected > end_) return false;
  for (std::size_t i = 0; i < ack.range_count; ++i)
    if (expected + ack.ranges[i].start + ack.ranges[i].length > end_) return false;

  for (; base_ < expected; ++base_) drop(base_);
  for (std::size_t i = 0; i < ack.range_count; ++i) {
    const std::int64_t first = expected + ack.ranges[i].start;
    for (std::int64_t n = std::max(first, base_); n < first + ack.ranges[i].length; ++n) drop(n);
  }
  while (base_ < end_ && slot(base_) == KeptItems::kNone) ++base_;
  fill_window(now);
  return true;
}

void OutboundStream::drop(std::int64_t number) {
  auto& index = slot(number);
  if (index == KeptItems::kNone) return;
  link_->release((*kept_)[index].item);
  kept_->free(index);
  index = KeptItems::kNone;
}

Instant OutboundStream::next_deadline() const {
  if (combines()) return schedule.next_deadline();
  if (!is_reliable()) return waiting_.empty() ? kNever : (*kept_)[waiting_.head].due;
  Instant deadline = kNever;
  for (std::int64_t n = base_; n < end_; ++n)
    if (slot(n) != KeptItems::kNone) deadline = std::min(deadline, (*kept_)[slot(n)].due);
  return deadline;
}

}  // namespace usbgw::session
