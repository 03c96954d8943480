#include "usbside/host/recovered_clock.h"

#include <algorithm>
#include <cmath>

namespace usbgw::host {
namespace {

constexpr double kBucketNs = 125e6;
constexpr double kMaxRate = 600e-6;  // USB allows +-500 ppm (USB 2.0, 7.1.11); a little room
constexpr double kSlew = 0.005;      // of elapsed time
// Further below a locked clock than its error and drift explain; and above it, than the least
// lateness within 125 ms does.
constexpr double kEarlyNs = 100e3;
constexpr double kLowNs = 50e3;  // the least of 125 ms
constexpr double kLateNs = 300e3;
constexpr std::uint32_t kEarlyStamps = 8;
constexpr double kEarlyWithinNs = 1e9;
constexpr std::uint32_t kLateBuckets = 16;  // 2 s: an agent finds uncounted intervals within 1.25 s
constexpr std::uint32_t kLowBuckets = 2;
constexpr std::uint32_t kBucketsWhileSettling = 2;
constexpr double kSettlingNs = 1e9;
constexpr double kImplausibleNs = 250e6;
constexpr std::uint32_t kStampsElsewhere = 8;
constexpr double kLeastElsewhereNs = 50e6;  // more than one burst of a reaped ring
constexpr double kAgreementNs = 20e6;
// Without stamps for so long the phase is found anew: the rate is only known to about 1 ppm.
constexpr double kOutageNs = 5e9;
constexpr std::size_t kLeastForFit = 4;
constexpr std::size_t kLeastForBetterRate = 16;

}  // namespace

RecoveredClock::RecoveredClock(Duration interval)
    : interval_(interval),
      nominal_(static_cast<double>(interval.count())),
      most_behind_(static_cast<double>(kMostSlew.count())) {}

void RecoveredClock::set_most_behind(Duration most) {
  most_behind_ = static_cast<double>(std::min(most, kMostSlew).count());
}

double RecoveredClock::estimate(std::int64_t index) const {
  return phase_ + static_cast<double>(index - reference_) * nanoseconds_per_index();
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
  std::int64_t index = reference_ + std::llround(ahead / nanoseconds_per_index());
  while (time_of(index) >= at) --index;
  while (time_of(index) < at) ++index;
  return index;
}

// The rate outlives a numbering: it is the same bus.
void RecoveredClock::start(std::int64_t index, Instant stamp) {
  is_rate_known_ = is_rate_known_ || is_locked();
  has_phase_ = true;
  origin_ = stamp;
  reference_ = slew_from_ = newest_ = index;
  phase_ = slew_ = 0;
  envelope_.clear();
  older_ = closed_buckets_ = 0;
  bucket_minimum_ = {index, 0};
  bucket_has_minimum_ = true;
  bucket_start_ = newest_stamp_ = settled_at_ = 0;
  early_ = late_ = low_ = elsewhere_ = {};
}

bool RecoveredClock::observe(std::int64_t index, Instant stamp) {
  if (!has_phase_) {
    start(index, stamp);
    return true;
  }
  const Point point{index, static_cast<double>((stamp - origin_).count())};
  const double above = residual(point);
  if (std::abs(above) > kImplausibleNs) {
    if (!is_new_numbering(index, stamp)) return false;
    ++steps_;
    ++restarts_;
    start(index, stamp);
    return true;
  }
  elsewhere_ = {};
  note_outage(point.stamp);
  newest_ = std::max(newest_, index);
  newest_stamp_ = std::max(newest_stamp_, point.stamp);
  if (above < -kEarlyNs && !is_settling(point.stamp)) {
    note_early(above, point.stamp);
  } else {
    if (above < 0 && is_settling(point.stamp)) {
      envelope_.shift(older_, above);
      move(above, 0);
    }
    note_minimum(point);
  }
  if (point.stamp - bucket_start_ >= kBucketNs) close_bucket(point.stamp);
  return true;
}

// Stamps that agree with each other, over longer than one burst takes.
bool RecoveredClock::is_new_numbering(std::int64_t index, Instant stamp) {
  const Point point{index, static_cast<double>((stamp - origin_).count())};
  const double since_first = point.stamp - elsewhere_first_.stamp;
  const double expected =
      static_cast<double>(index - elsewhere_first_.index) * nanoseconds_per_index();
  if (elsewhere_.count == 0 || std::abs(since_first - expected) > kAgreementNs) {
    elsewhere_ = {1, point.stamp, 0};
    elsewhere_first_ = point;
    return false;
  }
  return ++elsewhere_.count >= kStampsElsewhere && since_first >= kLeastElsewhereNs;
}

void RecoveredClock::note_outage(double at) {
  if (at - newest_stamp_ < kOutageNs || !is_locked()) return;
  envelope_.clear();
  older_ = 0;
  is_rate_known_ = true;
  bucket_has_minimum_ = false;
  bucket_start_ = at;
  settled_at_ = at + kSettlingNs;
  early_ = late_ = low_ = {};
}

void RecoveredClock::note_early(double above, double at) {
  if (early_.count == 0 || at - early_.since > kEarlyWithinNs) early_ = {0, at, above};
  early_.least = std::min(early_.least, above);
  if (++early_.count >= kEarlyStamps) believe(early_.least, at);
}

void RecoveredClock::note_minimum(const Point& point) {
  if (bucket_has_minimum_ && residual(point) >= residual(bucket_minimum_)) return;
  bucket_minimum_ = point;
  bucket_has_minimum_ = true;
}

void RecoveredClock::close_bucket(double at) {
  bucket_start_ = at;
  if (!bucket_has_minimum_) return;
  bucket_has_minimum_ = false;
  ++closed_buckets_;
  if (is_suspect(bucket_minimum_, at)) return;
  envelope_.add(bucket_minimum_);
  fit();
}

// A bucket of suspects stays out, unless its like have come for so long that they must be true.
bool RecoveredClock::is_suspect(const Point& minimum, double at) {
  const double above = residual(minimum);
  if (!is_locked() || (above < kLateNs && above > -kLowNs)) {
    late_ = low_ = {};
    return false;
  }
  Suspects& suspects = above > 0 ? late_ : low_;
  (above > 0 ? low_ : late_) = {};
  if (suspects.count == 0) suspects = {0, at, above};
  suspects.least = std::min(suspects.least, above);
  std::uint32_t enough = above > 0 ? kLateBuckets : kLowBuckets;
  if (is_settling(at)) enough = std::min(enough, kBucketsWhileSettling);
  if (++suspects.count < enough) return true;
  believe(suspects.least, at);
  return false;
}

void RecoveredClock::believe(double above, double at) {
  envelope_.shift(envelope_.added(), above);
  older_ = envelope_.added();
  bucket_has_minimum_ = false;
  settled_at_ = at + kSettlingNs;
  early_ = late_ = low_ = {};
  move(above, 0);
}

// A known rate is not given up for the first, short line of a new numbering.
void RecoveredClock::fit() {
  const Point reference{newest_, estimate(newest_)};
  if (envelope_.added() >= (is_rate_known_ ? kLeastForBetterRate : kLeastForFit)) {
    const auto line = envelope_.fit(reference, nanoseconds_per_index());
    move(line.height, line.slope * (1 + rate_));
  } else if (is_rate_known_) {
    move(envelope_.least(reference, nanoseconds_per_index()), 0);
  }
}

void RecoveredClock::move(double phase, double rate) {
  const double before = output(newest_);
  phase_ = estimate(newest_) + phase;
  reference_ = newest_;
  rate_ = std::clamp(rate_ + rate, -kMaxRate, kMaxRate);
  slew_from_ = newest_;
  slew_ = before - phase_;
  if (slew_ <= most_behind_ && -slew_ <= static_cast<double>(kMostSlew.count())) return;
  slew_ = 0;
  ++steps_;
}

}  // namespace usbgw::host
