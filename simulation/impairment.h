// What a path does to each datagram: delay, jitter, independent loss, time-driven outages. Seeded,
// and independent of who asks: the same seed, profile and send times give the same fates.
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

#include <atomic>
#include <cstdint>
#include <optional>

#include "common/random.h"
#include "common/timeline.h"

namespace usbgw::simulation {

enum class DelayVariation : std::uint8_t { uniform, exponential, slots };

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
};

class Impairment {
 public:
  Impairment(const ImpairmentProfile& profile, std::uint64_t seed);

  // When a datagram sent at `sent` arrives; nothing when it is lost. `sent` must not go back.
  [[nodiscard]] std::optional<Instant> deliver_at(Instant sent);

  [[nodiscard]] std::uint64_t offered() const { return offered_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }
  [[nodiscard]] const ImpairmentProfile& profile() const { return profile_; }
  void set_profile(const ImpairmentProfile& profile);

 private:
  [[nodiscard]] bool is_down(Instant when);
  // Beyond the fastest datagram's delay.
  [[nodiscard]] Duration extra_delay(Instant sent);
  [[nodiscard]] Duration time_to_slot();

  ImpairmentProfile profile_;
  Random random_;
  // One writer; others may look.
  std::atomic<std::uint64_t> offered_{0};
  std::atomic<std::uint64_t> lost_{0};
  Instant newest_arrival_{};
  Instant slot_{};  // when the newest slot opens
  bool down_ = false;
  std::optional<Instant> state_until_;
};

}  // namespace usbgw::simulation
