#include "dataplane/session/repair_schedule.h"

#include <algorithm>

#include "common/assertion.h"

namespace usbgw::session {
namespace {

// Resends wait for no longer than a turn; more than this at a time no budget allows.
constexpr std::size_t kMaxRequested = 64;
constexpr double kMostResends = 64;
constexpr double kResendsOfASource = 0.25;

}  // namespace

void RepairSchedule::open(const RepairPlan& plan, Duration resend_until) {
  close();
  resend_until_ = resend_until;
  heeds_requests_ = true;
  requested_.reserve(2 * kMaxRequested);
  resends_left_ = kMostResends;
  sent_.resize(kRepairHistory);
  owed_.reserve(kMaxOwedRepairs);
  oldest_ = next_ = group_ = 0;
  group_ended_ = {};
  row_ = 0;
  plan_ = plan;
}

void RepairSchedule::close() {
  for (; oldest_ < next_; ++oldest_) link_->release(slot(oldest_).item);
  owed_.clear();
  requested_.clear();
  resent_ = 0;
}

void RepairSchedule::set_plan(const RepairPlan& plan) {
  const bool is_same_group = plan.scheme == plan_.scheme && plan.data == plan_.data;
  plan_ = plan;
  if (!is_same_group) group_ = next_;
}

void RepairSchedule::sent(const StreamItem& item, Instant now) {
  USBGW_ASSERT(item.source.value() == next_);
  if (next_ - oldest_ == static_cast<std::int64_t>(kRepairHistory))
    link_->release(slot(oldest_++).item);
  slot(next_++) = {item, now, {}};
  resends_left_ = std::min(resends_left_ + kResendsOfASource, kMostResends);
  if (next_ - group_ < static_cast<std::int64_t>(plan_.data)) return;
  if (plan_.scheme == RepairScheme::window)
    owe_window(now);
  else
    owe_block(now);
  group_ = next_;
  group_ended_ = now;
}

void RepairSchedule::owe_block(Instant now) {
  for (unsigned i = 0; i < plan_.repair; ++i)
    owe({now + plan_.spread * (i + 1) / plan_.repair, group_,
         static_cast<std::uint8_t>(next_ - group_), static_cast<std::uint8_t>(i)});
}

// Over what was sent within the window. The symbols of one step leave evenly until the next: one
// lost datagram takes one.
void RepairSchedule::owe_window(Instant now) {
  std::int64_t first = std::max(oldest_, next_ - static_cast<std::int64_t>(wire::kMaxRepairSet));
  while (first + 1 < next_ && slot(first).at + plan_.spread < now) ++first;
  const Duration step =
      group_ended_ == Instant{} ? Duration{} : std::min(now - group_ended_, plan_.spread);
  for (unsigned i = 0; i < plan_.repair; ++i) {
    owe({now + step * i / plan_.repair, first, static_cast<std::uint8_t>(next_ - first), row_});
    row_ = static_cast<std::uint8_t>((row_ + 1u) % fec::kRows);
  }
}

void RepairSchedule::owe(const Symbol& symbol) {
  if (owed_.size() == kMaxOwedRepairs) return;  // more than any scheme of use owes
  owed_.push_back(symbol);
  if (owed_.size() == 1 || symbol.due < owed_[earliest_].due) earliest_ = owed_.size() - 1;
}

const RepairSchedule::Symbol* RepairSchedule::due(Instant now) const {
  return owed_.empty() || owed_[earliest_].due > now ? nullptr : &owed_[earliest_];
}

void RepairSchedule::taken() {
  owed_[earliest_] = owed_.back();
  owed_.pop_back();
  const auto earliest = std::min_element(
      owed_.begin(), owed_.end(), [](const Symbol& a, const Symbol& b) { return a.due < b.due; });
  earliest_ = static_cast<std::size_t>(earliest - owed_.begin());
}

std::size_t RepairSchedule::gather(const Symbol& symbol,
                                   std::span<fec::Source, wire::kMaxRepairSet> to) const {
  std::size_t count = 0;
  for (std::int64_t n = std::max(symbol.first, oldest_); n < symbol.first + symbol.count; ++n)
    to[count++] = {SourceNumber{n}, link_->bytes(slot(n).item)};
  return count;
}

const StreamItem* RepairSchedule::find(std::int64_t number) const {
  return number >= oldest_ && number < next_ ? &slot(number).item : nullptr;
}

void RepairSchedule::expire(Instant now) {
  if (oldest_ == next_) return;
  const std::int64_t needed = first_needed(now);
  for (; oldest_ < needed; ++oldest_) link_->release(slot(oldest_).item);
}

std::int64_t RepairSchedule::first_needed(Instant now) const {
  std::int64_t first = plan_.repair == 0 ? next_ : group_;
  const Duration window =
      std::max(plan_.scheme == RepairScheme::window && plan_.repair > 0 ? plan_.spread : Duration{},
               resend_until_);
  for (std::size_t i = resent_; i < requested_.size(); ++i)
    first = std::min(first, requested_[i].number);
  for (const Symbol& symbol : owed_) first = std::min(first, symbol.first);
  std::int64_t needed = oldest_;
  while (needed < next_) {
    const Duration age = now - slot(needed).at;
    if (age <= kMaxRepairAge && (needed >= first || age <= window)) break;
    ++needed;
  }
  return needed;
}

bool RepairSchedule::request(std::int64_t number, bool is_twice, Instant now, Duration round_trip) {
  if (!heeds_requests_ || find(number) == nullptr || requested_.size() >= kMaxRequested)
    return false;
  Sent& sent = slot(number);
  // A request that left before the source, or its resend, can have come says nothing.
  const Duration crossing = round_trip - round_trip / 8;
  const double cost = is_twice ? 2 : 1;
  if (now - sent.at > resend_until_ || now - sent.at < crossing ||
      (sent.asked_at != Instant{} && now - sent.asked_at < crossing) || resends_left_ < cost)
    return false;
  sent.asked_at = now;
  resends_left_ -= cost;
  requested_.push_back({number, is_twice, false});
  return true;
}

std::optional<RepairSchedule::Resend> RepairSchedule::due_resend() const {
  if (resent_ == requested_.size()) return std::nullopt;
  const Requested& next = requested_[resent_];
  return Resend{find(next.number), next.is_second};
}

void RepairSchedule::resent() {
  const Requested done = requested_[resent_++];
  const bool has_room = requested_.size() < 2 * kMaxRequested;
  if (done.is_twice && !done.is_second && has_room) requested_.push_back({done.number, true, true});
  if (resent_ < requested_.size()) return;
  requested_.clear();
  resent_ = 0;
}

Instant RepairSchedule::next_deadline() const {
  if (resent_ < requested_.size()) return Instant{};
  return owed_.empty() ? kNever : owed_[earliest_].due;
}

}  // namespace usbgw::session
