#include "dataplane/session/gap_tracker.h"

#include <algorithm>

namespace usbgw::session {
namespace {

using namespace std::chrono_literals;

// Beyond the latest of late: turns of both ends, and a line that moves.
constexpr Duration kLeastPatience = 200us;
// Sources that may be missed before any after them has come.
constexpr std::int64_t kAhead = 4;
constexpr double kMostBudget = 64;
constexpr double kBudgetOfASource = 0.05;
constexpr double kBudgetOfAResend = 2;  // a sender that does not resend is soon asked little

}  // namespace

void GapTracker::open(Duration deadline) {
  deadline_ = deadline;
  line_ = {};
  places_.fill({});
  oldest_ = 0;
  newest_ = -1;
  budget_ = kMostBudget;
  losses_ = {};
  run_ = 0;
  next_deadline_.reset();
}

// What has been given up as too late stays so: it is a matter of one interval.
void GapTracker::set_deadline(Duration deadline) {
  deadline_ = deadline;
  next_deadline_.reset();
}

GapTracker::Place& GapTracker::place(std::int64_t number) {
  Place& place = places_[static_cast<std::size_t>(number) % kRepairHistory];
  if (place.number != number) place = {number, false, false, first_ask(number)};
  return place;
}

Duration GapTracker::patience() const {
  return kLeastPatience + line_.late();
}

Instant GapTracker::first_ask(std::int64_t number) const {
  return line_.is_known() ? line_.expected(number) + patience() : kNever;
}

// A source that comes after its deadline is late, and not lost.
Instant GapTracker::settled(std::int64_t number) const {
  return std::max(deadline(number), line_.expected(number) + 2 * patience());
}

// D counts from the fastest arrival.
Instant GapTracker::deadline(std::int64_t number) const {
  return line_.expected(number) - line_.early() + deadline_;
}

void GapTracker::arrived(std::int64_t number, Provenance provenance, Instant now, Duration lag) {
  next_deadline_.reset();
  const bool is_direct = provenance == Provenance::direct;
  if (is_direct) line_.add(number, now + lag);
  const double budget = is_direct                                 ? kBudgetOfASource
                        : provenance == Provenance::retransmitted ? kBudgetOfAResend
                                                                  : 0;
  budget_ = std::min(budget_ + budget, kMostBudget);
  if (newest_ < 0) oldest_ = number;
  if (number < oldest_) return;
  newest_ = std::max(newest_, number);
  make_room();
  if (number >= oldest_) {
    Place& arrived = place(number);
    arrived.has_come = true;
    arrived.is_direct = arrived.is_direct || is_direct;
  }
  give_up_old(now);
}

// Where D is longer than the places last, what leaves them has not come. A jump by more than they
// hold is no loss but another numbering.
void GapTracker::make_room() {
  const std::int64_t least = newest_ - static_cast<std::int64_t>(kRepairHistory) + 1 + kAhead;
  if (least - oldest_ > static_cast<std::int64_t>(kRepairHistory)) {
    oldest_ = least;
    run_ = 0;
  }
  for (; oldest_ < least; ++oldest_) settle(has_place(oldest_) && place(oldest_).is_direct);
}

void GapTracker::give_up_old(Instant now) {
  while (oldest_ <= newest_ &&
         (place(oldest_).is_direct || !line_.is_known() || settled(oldest_) < now)) {
    settle(place(oldest_).is_direct);
    ++oldest_;
  }
}

void GapTracker::settle(bool is_direct) {
  ++losses_.settled;
  if (!is_direct) {
    ++run_;
    return;
  }
  if (run_ == 0) return;
  const Duration length = run_ * line_.interval();
  if (length <= deadline_) {
    losses_.missing += run_;
    ++losses_.runs;
    losses_.longest = std::max(losses_.longest, length);
  } else {
    losses_.beyond += run_;
  }
  run_ = 0;
}

std::optional<GapTracker::Request> GapTracker::take_request(Instant now,
                                                            const RoundTrip& round_trip) {
  if (!line_.is_known()) return std::nullopt;
  give_up_old(now);
  if (now < next_deadline()) return std::nullopt;
  next_deadline_.reset();
  std::optional<Request> request;
  std::int64_t first = 0;
  for (std::int64_t n = oldest_; n <= newest_ + kAhead; ++n) {
    if (n > newest_ && !has_place(n) && first_ask(n) > now) break;
    Place& missing = place(n);
    if (missing.has_come || missing.ask_at > now) continue;
    if (now + round_trip.least > deadline(n)) {
      missing.ask_at = kNever;
      continue;
    }
    const bool is_last = now + round_trip.bound + round_trip.least > deadline(n);
    if (request && (is_last != request->is_last || n - first >= 64)) continue;  // the next request
    const double cost = is_last ? 2 : 1;
    if (budget_ < cost) {
      missing.ask_at = now + round_trip.bound;
      continue;
    }
    budget_ -= cost;
    if (!request) {
      first = n;
      request = Request{static_cast<std::uint32_t>(n), 0, is_last};
    }
    request->missing |= std::uint64_t{1} << (n - first);
    missing.ask_at = is_last ? kNever : now + round_trip.bound;
  }
  return request;
}

Instant GapTracker::next_deadline() const {
  if (!line_.is_known()) return kNever;
  if (next_deadline_) return *next_deadline_;
  Instant next = kNever;
  for (std::int64_t n = oldest_; n <= newest_ + kAhead; ++n) {
    const Place& missing = place(n);
    if (!has_place(n))
      next = std::min(next, first_ask(n));
    else if (!missing.has_come)
      next = std::min(next, missing.ask_at);
    if (n > newest_ && !has_place(n)) break;
  }
  next_deadline_ = next;
  return next;
}

}  // namespace usbgw::session
