// What a path does to each datagram: delay, jitter, independent loss, time-driven outages. Seeded,
// and independent of who asks: the same seed, profile and send times give the same fates.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "common/random.h"
#include "common/timeline.h"

namespace usbgw::simulation {

struct ImpairmentProfile {
  Duration delay{};          // of the fastest datagram, one way
  Duration jitter{};         // J: added uniformly in [0, jitter]
  bool keeps_order = false;  // a queue: jitter never lets a datagram overtake
  double loss = 0;           // independent, 0..1
  double outage_loss = 0;    // share of time in which the path is down, 0..1
  Duration outage_mean{};    // mean length of one outage, exponential
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

  ImpairmentProfile profile_;
  Random random_;
  // One writer; others may look.
  std::atomic<std::uint64_t> offered_{0};
  std::atomic<std::uint64_t> lost_{0};
  Instant newest_arrival_{};
  bool down_ = false;
  std::optional<Instant> state_until_;
};

}  // namespace usbgw::simulation
