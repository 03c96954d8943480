// What a path does to each datagram: delay and jitter; loss that is independent, of Gilbert and
// Elliott's two states, of outages, or as a trace has it; a path that goes down at fixed times;
// datagrams that come late, twice, or with a bit flipped. Any of it at once. Seeded, and
// independent of who asks: the same seed, profile and send times give the same fates. Gilbert's
// states, reordering, duplicates and corruption each draw from numbers of their own: with one more
// of them the others' draws stay.
//
// How the delay varies:
//   uniform      in [0, jitter]: J
//   exponential  mean `variation_mean`, at most `jitter`
//   slots        as netem's `slot distribution pareto SLOT_DELAY SLOT_JITTER`: what is sent while
//                the next slot has not opened waits for it. The time to the next slot is
//                SLOT_DELAY + SLOT_JITTER * x, x = (u^(-1/3) - 1.5) * 4/3 but at most 4, u uniform
//                (iproute2's pareto table; net/sched/sch_netem.c, get_slot_next); a slot that lies
//                in the past is open
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <span>

#include "common/random.h"
#include "common/timeline.h"
#include "simulation/loss_trace.h"

namespace usbgw::simulation {

enum class DelayVariation : std::uint8_t { uniform, exponential, slots };

// Two states, changed by datagrams and not by time (E. O. Elliott, "Estimates of error rates for
// codes on burst-noise channels", 1963). The share lost is (to_good * loss_good + to_bad *
// loss_bad) / (to_bad + to_good).
struct GilbertLoss {
  double to_bad = 0;   // p: chance that a bad datagram follows a good one; 0: no such loss
  double to_good = 0;  // r: chance that a good one follows a bad one
  double loss_good = 0;
  double loss_bad = 1;
};

struct ImpairmentProfile {
  Duration delay{};          // of the fastest datagram, one way
  Duration jitter{};         // J: the most that is added to it
  bool keeps_order = false;  // a queue: jitter never lets a datagram overtake
  double loss = 0;           // independent, 0..1
  double outage_loss = 0;    // share of time in which the path is down, 0..1
  Duration outage_mean{};    // mean length of one outage, exponential
  DelayVariation variation = DelayVariation::uniform;
  Duration variation_mean{};  // exponential
  Duration slot_delay{};
  Duration slot_jitter{};
  GilbertLoss gilbert{};
  double reorder = 0;     // share held back for another `reorder_by`, and so overtaken
  Duration reorder_by{};  // `keeps_order` does not hold for them
  double duplicate = 0;   // share that comes twice, each after a delay of its own
  double corrupt = 0;     // share of arrivals in which a bit is flipped
  // Down at the end of every period of the clock: both ways at once, as a cable is.
  Duration flap_down{};
  Duration flap_every{};
  const LossTrace* trace = nullptr;  // from a moment of the seed's on; outlives the impairment
};

// What becomes of one datagram: it comes once, twice, or not at all.
struct Fate {
  struct Arrival {
    Instant at{};
    std::optional<std::uint64_t> flipped;  // a bit of the datagram: modulo its length
  };
  std::array<Arrival, 2> all{};
  std::size_t count = 0;

  [[nodiscard]] bool is_lost() const { return count == 0; }
  [[nodiscard]] std::span<const Arrival> arrivals() const { return std::span(all).first(count); }
};

struct ImpairmentCounts {
  std::uint64_t offered = 0;
  std::uint64_t lost = 0;
  std::uint64_t reordered = 0;
  std::uint64_t duplicated = 0;
  std::uint64_t corrupted = 0;  // arrivals
  ImpairmentCounts& operator+=(const ImpairmentCounts& other) {
    offered += other.offered;
    lost += other.lost;
    reordered += other.reordered;
    duplicated += other.duplicated;
    corrupted += other.corrupted;
    return *this;
  }
};

class Impairment {
 public:
  Impairment(const ImpairmentProfile& profile, std::uint64_t seed);

  // Of a datagram sent at `sent`, which must not go back.
  [[nodiscard]] Fate fate_of(Instant sent);

  [[nodiscard]] std::uint64_t offered() const { return offered_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }
  [[nodiscard]] ImpairmentCounts counts() const;
  [[nodiscard]] const ImpairmentProfile& profile() const { return profile_; }
  void set_profile(const ImpairmentProfile& profile);

 private:
  [[nodiscard]] bool is_down(Instant when);
  [[nodiscard]] bool is_flapped(Instant when) const;
  [[nodiscard]] bool is_lost_in_trace(Instant when) const;
  [[nodiscard]] bool is_lost_by_state();
  // Beyond the fastest datagram's delay.
  [[nodiscard]] Duration extra_delay(Instant sent, Random& random);
  [[nodiscard]] Duration time_to_slot(Random& random);
  void add_arrival(Fate& fate, Instant sent, Duration extra);

  ImpairmentProfile profile_;
  double trace_start_;  // share of the trace's length
  Random random_;
  Random gilbert_random_;
  Random reorder_random_;
  Random duplicate_random_;
  Random corrupt_random_;
  // One writer; others may look.
  std::atomic<std::uint64_t> offered_{0};
  std::atomic<std::uint64_t> lost_{0};
  std::atomic<std::uint64_t> reordered_{0};
  std::atomic<std::uint64_t> duplicated_{0};
  std::atomic<std::uint64_t> corrupted_{0};
  Instant newest_arrival_{};
  Instant slot_{};  // when the newest slot opens
  bool down_ = false;
  std::optional<Instant> state_until_;
  std::optional<bool> bad_;  // Gilbert's state of the next datagram
};

}  // namespace usbgw::simulation
