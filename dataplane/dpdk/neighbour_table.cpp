#include "dataplane/dpdk/neighbour_table.h"

#include <algorithm>

namespace usbgw::dpdk {
namespace {

// Quick at first, since a stream waits for it; then at the RFC's pace.
Duration retry_after(std::uint8_t unanswered) {
  const auto shift = std::min<std::uint8_t>(unanswered, 8);
  return std::min(kRetransTimer, kFirstRetry * (1 << shift));
}

}  // namespace

NeighbourTable::Entry* NeighbourTable::entry_of(const IpAddress& address) {
  for (auto& entry : entries_)
    if (entry.state != State::unused && entry.address == address) return &entry;
  return nullptr;
}

NeighbourTable::Entry* NeighbourTable::make_entry(const IpAddress& address, Instant now) {
  const auto free = std::find_if(entries_.begin(), entries_.end(),
                                 [](const Entry& entry) { return entry.state == State::unused; });
  if (free == entries_.end()) return nullptr;
  *free = Entry{};
  free->state = State::asked;
  free->address = address;
  free->used = now;
  free->due = now;
  next_deadline_ = std::min(next_deadline_, now);
  return &*free;
}

std::optional<NeighbourTable::Found> NeighbourTable::find(const IpAddress& next_hop, Instant now) {
  Entry* entry = entry_of(next_hop);
  if (entry == nullptr) entry = make_entry(next_hop, now);
  if (entry == nullptr) return std::nullopt;
  entry->used = now;
  if (entry->state != State::known) return std::nullopt;
  return Found{.slot = static_cast<NeighbourSlot>(entry - entries_.data()), .mac = entry->mac};
}

bool NeighbourTable::learn(const IpAddress& address, const wire::MacAddress& mac, Instant now) {
  Entry* entry = entry_of(address);
  if (entry == nullptr || mac.is_multicast() || mac.is_zero()) return false;
  if (entry->state == State::known && entry->mac != mac) ++generation_;
  entry->state = State::known;
  entry->mac = mac;
  entry->unanswered = 0;
  entry->due = now + kReachableTime;
  recompute_deadline();
  return true;
}

bool NeighbourTable::learn_asker(const IpAddress& address, const wire::MacAddress& mac,
                                 Instant now) {
  const auto used = std::count_if(entries_.begin(), entries_.end(),
                                  [](const Entry& entry) { return entry.state != State::unused; });
  const bool room = static_cast<std::size_t>(used) < kNeighbours / 2;
  const bool usable = !mac.is_multicast() && !mac.is_zero() && !address.is_unspecified();
  if (room && usable && entry_of(address) == nullptr) make_entry(address, now);
  return learn(address, mac, now);
}

void NeighbourTable::forget(Entry& entry) {
  if (entry.state == State::known) ++generation_;
  entry = Entry{};
}

std::optional<NeighbourTable::Question> NeighbourTable::question_for(Entry& entry, Instant now) {
  const bool wanted =
      now - entry.used < (entry.state == State::known ? kReachableTime : kForgetUnused);
  if (!wanted) {
    forget(entry);
    return std::nullopt;
  }
  if (entry.state == State::known && entry.unanswered == kMaxUnanswered) {
    ++generation_;
    entry.state = State::asked;
  }
  Question question{.next_hop = entry.address, .last_known = std::nullopt};
  if (entry.state == State::known) question.last_known = entry.mac;
  entry.due = now + retry_after(entry.unanswered);
  if (entry.unanswered < UINT8_MAX) ++entry.unanswered;
  return question;
}

std::optional<NeighbourTable::Question> NeighbourTable::next_question(Instant now) {
  if (now < next_deadline_) return std::nullopt;
  for (auto& entry : entries_) {
    if (entry.state == State::unused || now < entry.due) continue;
    if (auto question = question_for(entry, now)) return question;
  }
  recompute_deadline();
  return std::nullopt;
}

void NeighbourTable::recompute_deadline() {
  next_deadline_ = kNever;
  for (const auto& entry : entries_)
    if (entry.state != State::unused) next_deadline_ = std::min(next_deadline_, entry.due);
}

}  // namespace usbgw::dpdk
