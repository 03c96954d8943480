// A thread of the simulated machines: turns its loops until none has work, then sleeps until a
// deadline, a wake-up, or a look at its port, and wakes late by what its machine's scheduler costs.
//
//   woken or due at t     runs at t + lateness; the lateness is drawn once for each sleep
//   a datagram at t       is seen at the next look: every `look` from when the sleep began
#pragma once

#include <optional>
#include <vector>

#include "common/loop.h"
#include "simulation/memory_port.h"
#include "simulation/virtual_clock.h"
#include "simulation/wake_up_lateness.h"

namespace usbgw::simulation {

class SimulatedThread final : public Waker {
 public:
  // `clock` outlives the thread.
  SimulatedThread(const VirtualClock& clock, WakeUpLateness lateness, std::uint64_t seed);

  void add(Loop& loop) { loops_.push_back({&loop, false, 0, {}}); }
  // One whose deadline tells what the thread's other loops have left for it: while the thread is
  // awake it is not turned again for nothing.
  void add_punctual(Loop& loop) { loops_.push_back({&loop, true, 0, {}}); }
  // A port that one of the loops polls. Zero: it is looked at all the time.
  void watch(MemoryPort& port, Duration look);

  // From another thread, or from one of its own loops.
  void wake() override { wake_at(clock_.now()); }
  void wake_at(Instant when) { woken_at_ = std::min(woken_at_, when); }
  // Something outside has changed what the loops' deadlines are.
  void look_again();

  // When it runs next, never in the past.
  [[nodiscard]] Instant next() const;
  // One waking: until no loop has work. Returns the work done.
  std::size_t run();

 private:
  struct Turned {
    Loop* loop;
    bool is_punctual;
    std::size_t work;                 // of the last turn
    std::optional<Instant> deadline;  // nothing: not asked since a loop was turned
  };
  static Instant deadline_of(Turned& each);
  [[nodiscard]] Instant earliest_deadline();
  void forget_deadlines();
  std::size_t turn_loops(Instant now, bool is_first);
  [[nodiscard]] Instant next_arrival() const;
  [[nodiscard]] Instant next_look() const;

  const VirtualClock& clock_;
  WakeUpLateness lateness_;
  Random random_;
  std::vector<Turned> loops_;
  std::vector<const MemoryPort*> ports_;
  Duration look_{};
  Instant slept_at_{};
  Instant woken_at_{};
  Instant deadline_{};
  Duration late_{};  // of the sleep in progress
};

}  // namespace usbgw::simulation
