#include "simulation/simulated_thread.h"

#include <algorithm>

#include "common/assertion.h"

namespace usbgw::simulation {
namespace {

// More rounds without time passing than any burst needs: a livelock is a bug.
constexpr int kMostRounds = 10'000;
// No loop does more in one turn without saying so in its next deadline.
constexpr std::size_t kMayHaveMore = 64;
// What is due again as soon as it was done: a turn takes time.
constexpr Duration kTurn = std::chrono::microseconds(1);

}  // namespace

SimulatedThread::SimulatedThread(const VirtualClock& clock, WakeUpLateness lateness,
                                 std::uint64_t seed)
    : clock_(clock), lateness_(std::move(lateness)), random_(seed) {}

void SimulatedThread::watch(MemoryPort& port, Duration look) {
  port.is_polled = true;
  ports_.push_back(&port);
  look_ = look;
}

Instant SimulatedThread::deadline_of(Turned& each) {
  if (!each.deadline) each.deadline = each.loop->next_deadline();
  return *each.deadline;
}

Instant SimulatedThread::earliest_deadline() {
  Instant next = kNever;
  for (Turned& each : loops_) next = std::min(next, deadline_of(each));
  return next;
}

void SimulatedThread::forget_deadlines() {
  for (Turned& each : loops_) each.deadline.reset();
}

void SimulatedThread::look_again() {
  forget_deadlines();
  deadline_ = earliest_deadline();
}

Instant SimulatedThread::next_arrival() const {
  Instant next = kNever;
  for (const MemoryPort* const port : ports_) next = std::min(next, port->next_arrival());
  return next;
}

Instant SimulatedThread::next_look() const {
  const Instant arrival = next_arrival();
  if (look_ <= Duration{}) return arrival;
  if (arrival <= slept_at_) return slept_at_;
  const auto looks = (arrival - slept_at_ + look_ - Duration{1}) / look_;
  return slept_at_ + looks * look_;
}

Instant SimulatedThread::next() const {
  Instant due = std::min(woken_at_, deadline_);
  // No look sees a datagram before it is there.
  if (next_arrival() < due) due = std::min(due, next_look());
  if (due == kNever) return kNever;
  return std::max(due + late_, clock_.now());
}

std::size_t SimulatedThread::turn_loops(Instant now, bool is_first) {
  std::size_t work = 0;
  for (Turned& each : loops_) {
    const bool is_due =
        is_first || !each.is_punctual || each.work >= kMayHaveMore || deadline_of(each) <= now;
    each.work = is_due ? each.loop->turn(now) : 0;
    work += each.work;
    if (is_due) forget_deadlines();
  }
  return work;
}

std::size_t SimulatedThread::run() {
  const Instant now = clock_.now();
  woken_at_ = kNever;
  forget_deadlines();
  std::size_t all = 0;
  int rounds = 0;
  while (true) {
    USBGW_ASSERT(++rounds < kMostRounds);
    const std::size_t work = turn_loops(now, rounds == 1);
    all += work;
    if (work == 0) break;
    const bool is_done =
        work < kMayHaveMore && woken_at_ > now && next_arrival() > now && earliest_deadline() > now;
    if (is_done) break;
    woken_at_ = kNever;
  }
  deadline_ = earliest_deadline();
  if (deadline_ <= now) deadline_ = now + kTurn;
  slept_at_ = now;
  late_ = lateness_.draw(random_);
  return all;
}

}  // namespace usbgw::simulation
