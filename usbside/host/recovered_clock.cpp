#include "usbside/host/recovered_clock.h"

#include <algorithm>
#include <cmath>

namespace usbgw::host {
namespace {

constexpr double kBucketNs = 250e6;
constexpr double kMaxRate = 600e-6;  // USB allows +-500 ppm (USB 2.0, 7.1.11); a little room
constexpr double kSlew = 0.005;      // of elapsed time
constexpr double kStepNs = 20e6;     // beyond this a phase error is a step, not drift
constexpr double kImplausibleNs = 250e6;
constexpr std::uint32_t kIgnoredBeforeRestart = 64;
// Loop: natural frequency 0.3 rad/s, damping 1, one update a bucket.
constexpr double kPhaseGain = 2 * 0.3 * 0.25;
constexpr double kRateGain = 0.3 * 0.3 * 0.25;  // per second of error

}  // namespace

RecoveredClock::RecoveredClock(Duration interval)
    : interval_(interval), nominal_(static_cast<double>(interval.count())) {}

void RecoveredClock::reset() {
  const auto steps = steps_;
  *this = RecoveredClock(interval_);
  steps_ = steps;
}

double RecoveredClock::estimate(std::int64_t index) const {
  return phase_ + static_cast<double>(index - reference_) * nominal_ * (1 + rate_);
}

double RecoveredClock::slew_left(std::int64_t index) const {
  const double elapsed =
      static_cast<double>(std::max<std::int64_t>(index - slew_from_, 0)) * nominal_;
  return std::copysign(std::max(std::abs(slew_) - kSlew * elapsed, 0.0), slew_);
}

double RecoveredClock::output(std::int64_t index) const {
  return estimate(index) + slew_left(index);
}

Instant RecoveredClock::time_of(std::int64_t index) const {
  return origin_ + Duration{std::llround(output(index))};
}

std::int64_t RecoveredClock::first_at_or_after(Instant at) const {
  const double ahead = static_cast<double>((at - origin_).count()) - phase_;
  std::int64_t index = reference_ + std::llround(ahead / (nominal_ * (1 + rate_)));
  while (time_of(index) >= at) --index;
  while (time_of(index) < at) ++index;
  return index;
}

void RecoveredClock::start(std::int64_t index, Instant stamp) {
  origin_ = stamp;
  reference_ = slew_from_ = newest_ = index;
  phase_ = rate_ = slew_ = 0;
  bucket_start_ = 0;
  bucket_minimum_ = {index, 0};
  bucket_has_minimum_ = true;
  samples_ = 1;
}

bool RecoveredClock::observe(std::int64_t index, Instant stamp) {
  if (samples_ == 0) {
    start(index, stamp);
    return true;
  }
  const double at = static_cast<double>((stamp - origin_).count());
  const double residual = at - estimate(index);
  if (std::abs(residual) > kImplausibleNs) {
    if (++ignored_in_a_row_ < kIgnoredBeforeRestart) return false;
    reset();
    ++steps_;
    start(index, stamp);
    return true;
  }
  ignored_in_a_row_ = 0;
  ++samples_;
  newest_ = std::max(newest_, index);
  note_minimum(index, at);
  if (!is_locked() && residual < 0) move(residual, 0);
  if (at - bucket_start_ >= kBucketNs) {
    close_bucket();
    bucket_start_ = at;
  }
  return true;
}

void RecoveredClock::note_minimum(std::int64_t index, double stamp) {
  if (bucket_has_minimum_ &&
      stamp - estimate(index) >= bucket_minimum_.stamp - estimate(bucket_minimum_.index)) {
    return;
  }
  bucket_minimum_ = {index, stamp};
  bucket_has_minimum_ = true;
}

void RecoveredClock::close_bucket() {
  if (!bucket_has_minimum_) return;
  minima_[closed_buckets_ % kBuckets] = bucket_minimum_;
  ++closed_buckets_;
  bucket_has_minimum_ = false;
  if (is_locked()) {
    run_loop();
  } else if (closed_buckets_ >= kLeastForFit) {
    fit_line();
  }
}

// Least squares through the bucket minima's residuals; x in nanoseconds back from the newest.
void RecoveredClock::fit_line() {
  const std::size_t count = std::min(closed_buckets_, kBuckets);
  double sum_x = 0, sum_y = 0, sum_xx = 0, sum_xy = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const double x = static_cast<double>(minima_[i].index - newest_) * nominal_;
    const double y = minima_[i].stamp - estimate(minima_[i].index);
    sum_x += x;
    sum_y += y;
    sum_xx += x * x;
    sum_xy += x * y;
  }
  const auto n = static_cast<double>(count);
  const double spread = n * sum_xx - sum_x * sum_x;
  if (spread <= 0) return;
  const double slope = (n * sum_xy - sum_x * sum_y) / spread;
  move((sum_y - slope * sum_x) / n, slope);
}

void RecoveredClock::run_loop() {
  double error = minima_[0].stamp - estimate(minima_[0].index);
  for (const auto& minimum : minima_) {
    error = std::min(error, minimum.stamp - estimate(minimum.index));
  }
  if (std::abs(error) > kStepNs) {
    ++steps_;
    move(error, 0);
  } else {
    move(error * kPhaseGain, error * 1e-9 * kRateGain);
  }
}

void RecoveredClock::move(double phase, double rate) {
  const double before = output(newest_);
  phase_ = estimate(newest_) + phase;
  reference_ = newest_;
  rate_ = std::clamp(rate_ + rate, -kMaxRate, kMaxRate);
  slew_from_ = newest_;
  slew_ = before - phase_;
  if (std::abs(slew_) > kStepNs) slew_ = 0;
}

}  // namespace usbgw::host
