// The agent's bus clock (SOF), recovered from (interval index, completion stamp) pairs. Sans-IO;
// everything here is on the agent's clock. A stamp is taken when a completion was reaped, so it is
// late or right, never early: the clock is the line under the least stamps of the last 8 s
// (LowerEnvelope), fitted anew every 125 ms. A line has no memory that drift could bias or an
// outage wind up; what would tilt it wrongly is kept out:
//
//   late     a stall of the agent, or intervals that it has not counted yet. Eighths of a second
//            with nothing but such stamps are left out; after 2 s they are believed
//   early    the numbering has gained on the bus: eight such stamps within a second are believed,
//            or two eighths of a second that are early by little
//   absurd   a quarter of a second off: eight that agree among themselves are a new numbering
//
// What is believed moves the line and the points under it along, so the rate stays. Before lock
// (1.5 s), for 1 s after such a move, and after an outage every early stamp moves it at once.
//
// What time_of() gives moves towards the line by at most 0.5 % of elapsed time, so that a schedule
// built on it never jumps, unless it is further off than the limits: that is a step.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/timeline.h"
#include "usbside/host/lower_envelope.h"

namespace usbgw::host {

class RecoveredClock {
 public:
  static constexpr Duration kMostSlew = std::chrono::milliseconds(20);

  explicit RecoveredClock(Duration interval);

  // Behind by more than this the schedule jumps instead of hurrying; kMostSlew to begin with.
  void set_most_behind(Duration most);

  // `index` is unwrapped. False: so far from the estimate that it was ignored.
  bool observe(std::int64_t index, Instant stamp);

  [[nodiscard]] bool has_phase() const { return has_phase_; }
  [[nodiscard]] bool is_locked() const { return closed_buckets_ >= kAcquisitionBuckets; }
  // Agent's time at which interval `index` completes. Strictly increasing in `index`.
  [[nodiscard]] Instant time_of(std::int64_t index) const;
  // The least index whose time_of() is not before `at`.
  [[nodiscard]] std::int64_t first_at_or_after(Instant at) const;
  [[nodiscard]] std::int64_t newest_index() const { return newest_; }
  [[nodiscard]] Duration interval() const { return interval_; }
  // How much longer than nominal an interval is on the agent's CLOCK_MONOTONIC_RAW.
  [[nodiscard]] double rate_ppm() const { return rate_ * 1e6; }
  [[nodiscard]] std::uint64_t steps() const { return steps_; }
  // Those of them with which another numbering began.
  [[nodiscard]] std::uint64_t restarts() const { return restarts_; }

 private:
  using Point = LowerEnvelope::Point;  // stamp in ns since origin_
  static constexpr std::size_t kAcquisitionBuckets = 12;

  // Stamps that may become the truth together.
  struct Suspects {
    std::uint32_t count = 0;
    double since = 0;
    double least = 0;
  };

  [[nodiscard]] double nanoseconds_per_index() const { return nominal_ * (1 + rate_); }
  [[nodiscard]] double estimate(std::int64_t index) const;
  [[nodiscard]] double residual(const Point& p) const { return p.stamp - estimate(p.index); }
  [[nodiscard]] double output(std::int64_t index) const;
  [[nodiscard]] double slew_left(std::int64_t index) const;
  [[nodiscard]] bool is_settling(double at) const { return !is_locked() || at < settled_at_; }
  void start(std::int64_t index, Instant stamp);
  bool is_new_numbering(std::int64_t index, Instant stamp);
  void note_outage(double at);
  void note_early(double residual, double at);
  void note_minimum(const Point& point);
  void close_bucket(double at);
  [[nodiscard]] bool is_suspect(const Point& minimum, double at);
  void fit();
  // The bus or its numbering has moved against all that is remembered.
  void believe(double residual, double at);
  // Moves the estimate; the output continues where it was and slews, or jumps beyond the limits.
  void move(double phase, double rate);

  Duration interval_;
  double nominal_;      // ns per interval
  double most_behind_;  // ns
  Instant origin_{};
  bool has_phase_ = false;
  std::int64_t reference_ = 0;  // the estimate's anchor
  double phase_ = 0;            // ns since origin_ at reference_
  double rate_ = 0;             // fractional
  bool is_rate_known_ = false;  // from an earlier numbering, or from before an outage
  std::int64_t slew_from_ = 0;
  double slew_ = 0;  // output - estimate at slew_from_, decaying

  LowerEnvelope envelope_;
  std::size_t older_ = 0;  // points from before the last move that was believed
  std::size_t closed_buckets_ = 0;
  Point bucket_minimum_{};
  bool bucket_has_minimum_ = false;
  double bucket_start_ = 0;
  double newest_stamp_ = 0;
  double settled_at_ = 0;
  Suspects early_;
  Suspects low_;        // counted in buckets
  Suspects late_;       // counted in buckets
  Suspects elsewhere_;  // a numbering that is not ours
  Point elsewhere_first_{};

  std::int64_t newest_ = 0;
  std::uint64_t steps_ = 0;
  std::uint64_t restarts_ = 0;
};

}  // namespace usbgw::host
