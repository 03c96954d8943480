// The agent's bus clock (SOF), recovered from (interval index, completion stamp) pairs. Sans-IO;
// everything here is on the agent's clock. A stamp is taken when a completion was reaped, so it is
// late or right, never early: the clock follows the lower envelope.
//
// Acquisition (the first 4 s): nominal rate through the least phase seen so far, then a line fitted
// through the minima of 250 ms buckets. Lock: a second-order loop on the least residual of the last
// 2 s. What time_of() gives moves towards the estimate by at most 0.5 % of elapsed time, so that a
// schedule built on it never jumps; only a phase error that is no drift (above 20 ms) is a step.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "common/timeline.h"

namespace usbgw::host {

class RecoveredClock {
 public:
  explicit RecoveredClock(Duration interval);

  // `index` is unwrapped. False: so far from the estimate that it was ignored.
  bool observe(std::int64_t index, Instant stamp);
  void reset();

  [[nodiscard]] bool has_phase() const { return samples_ > 0; }
  [[nodiscard]] bool is_locked() const { return closed_buckets_ >= kAcquisitionBuckets; }
  // Agent's time at which interval `index` completes. Strictly increasing in `index`.
  [[nodiscard]] Instant time_of(std::int64_t index) const;
  // The least index whose time_of() is not before `at`.
  [[nodiscard]] std::int64_t first_at_or_after(Instant at) const;
  [[nodiscard]] std::int64_t newest_index() const { return newest_; }
  [[nodiscard]] Duration interval() const { return interval_; }
  // Of the bus clock against the agent's CLOCK_MONOTONIC_RAW.
  [[nodiscard]] double rate_ppm() const { return rate_ * 1e6; }
  [[nodiscard]] std::uint64_t steps() const { return steps_; }

 private:
  struct Minimum {
    std::int64_t index = 0;
    double stamp = 0;  // ns since origin_
  };
  static constexpr std::size_t kBuckets = 8;  // 2 s of 250 ms
  static constexpr std::size_t kAcquisitionBuckets = 16;
  static constexpr std::size_t kLeastForFit = 3;

  [[nodiscard]] double estimate(std::int64_t index) const;
  [[nodiscard]] double output(std::int64_t index) const;
  [[nodiscard]] double slew_left(std::int64_t index) const;
  void start(std::int64_t index, Instant stamp);
  void note_minimum(std::int64_t index, double stamp);
  void close_bucket();
  void fit_line();
  void run_loop();
  // Moves the estimate; the output continues where it was and slews.
  void move(double phase, double rate);

  Duration interval_;
  double nominal_;  // ns per interval
  Instant origin_{};
  std::int64_t reference_ = 0;  // the estimate's anchor
  double phase_ = 0;            // ns since origin_ at reference_
  double rate_ = 0;             // fractional
  std::int64_t slew_from_ = 0;
  double slew_ = 0;  // output - estimate at slew_from_, decaying

  std::array<Minimum, kBuckets> minima_{};  // ring
  std::size_t closed_buckets_ = 0;
  Minimum bucket_minimum_{};
  double bucket_start_ = 0;
  bool bucket_has_minimum_ = false;

  std::int64_t newest_ = 0;
  std::uint64_t samples_ = 0;
  std::uint64_t steps_ = 0;
  std::uint32_t ignored_in_a_row_ = 0;
};

}  // namespace usbgw::host
