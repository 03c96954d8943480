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
  port_ = &port;
  look_ = look;
}

Instant SimulatedThread::earliest_deadline() const {
  Instant next = kNever;
  for (const Loop* const loop : loops_) next = std::min(next, loop->next_deadline());
  return next;
}

Instant SimulatedThread::next_look() const {
  if (port_ == nullptr) return kNever;
  const Instant arrival = port_->next_arrival();
  if (arrival == kNever || look_ <= Duration{}) return arrival;
  if (arrival <= slept_at_) return slept_at_;
  const auto looks = (arrival - slept_at_ + look_ - Duration{1}) / look_;
  return slept_at_ + looks * look_;
}

Instant SimulatedThread::next() const {
  const Instant due = std::min({woken_at_, deadline_, next_look()});
  if (due == kNever) return kNever;
  return std::max(due + late_, clock_.now());
}

std::size_t SimulatedThread::run() {
  const Instant now = clock_.now();
  woken_at_ = kNever;
  std::size_t all = 0;
  int rounds = 0;
  while (true) {
    USBGW_ASSERT(++rounds < kMostRounds);
    std::size_t work = 0;
    for (Loop* const loop : loops_) work += loop->turn(now);
    all += work;
    deadline_ = earliest_deadline();
    if (work == 0) break;
    const bool is_done = work < kMayHaveMore && deadline_ > now && woken_at_ > now &&
                         (port_ == nullptr || port_->next_arrival() > now);
    if (is_done) break;
    woken_at_ = kNever;
  }
  if (deadline_ <= now) deadline_ = now + kTurn;
  slept_at_ = now;
  late_ = lateness_.draw(random_);
  return all;
}

}  // namespace usbgw::simulation
