#include "usbside/device/interval_clock.h"

#include <algorithm>

namespace usbgw::device {

std::int64_t IntervalClock::missing(std::int64_t last, const Completion& completion,
                                    bool may_follow_gap) {
  const Instant completed = completion.reaped;
  Duration residual = completed.time_since_epoch() - interval_ * (last + 1);
  if (!started_ || last < settling_) {
    started_ = true;
    window_start_ = last_completion_ = completed;
    current_ = residual;
    return 0;
  }
  find_debt(residual);
  residual += interval_ * debt_;
  const Duration uncertain = std::max(completed - completion.pending, Duration::zero());
  std::int64_t gap = certain_gap(residual, uncertain, may_follow_gap);
  residual = std::max(residual - interval_ * gap, least_credible(completed));
  note(residual, completed);
  gap += lasting_shift();
  return passed(gap);
}

// In time, a completion lies whole intervals above the floor: which of them were between when it
// was last seen pending and when it was reaped?
std::int64_t IntervalClock::certain_gap(Duration residual, Duration uncertain,
                                        bool may_follow_gap) {
  if (may_follow_gap) undecided_ = kDecidedWithin;
  if (undecided_ == 0) return 0;
  const Duration above = residual - floor() + interval_ / 4;
  const std::int64_t most = std::max(above, Duration::zero()) / interval_;
  const Duration pending = above - uncertain + interval_ / 2 - Duration{1};
  const std::int64_t least = std::min(std::max(pending, Duration::zero()) / interval_, most);
  undecided_ = least == most ? 0 : undecided_ - 1;
  return least;
}

std::int64_t IntervalClock::passed(std::int64_t intervals) {
  const std::int64_t paid = std::min(intervals, debt_);
  debt_ -= paid;
  inserted_ += intervals - paid;
  return intervals - paid;
}

void IntervalClock::find_debt(Duration residual) {
  const Duration below = floor() - (residual + interval_ * debt_);
  if (below < interval_ / 2) return;
  const std::int64_t found = std::min<std::int64_t>((below + interval_ / 2) / interval_, inserted_);
  inserted_ -= found;
  debt_ += found;
}

std::optional<Instant> IntervalClock::end_of(std::int64_t index) const {
  if (!started_) return std::nullopt;
  return Instant{floor() + interval_ * (index + 1 - debt_)};
}

Duration IntervalClock::floor() const {
  return closed_ == 0 ? current_ : std::min(current_, minima_[0]);
}

// Between two completions the floor sinks no faster than crystals part; what lies deeper is a debt
// not yet recognised. Before the first gap there can be none, and the first completions may be
// late.
Duration IntervalClock::least_credible(Instant completed) const {
  if (inserted_ == 0) return Duration::min();
  return floor() - (completed - last_completion_) / kMostDrift;
}

void IntervalClock::note(Duration residual, Instant completed) {
  last_completion_ = completed;
  if (completed - window_start_ < kWindow) {
    current_ = std::min(current_, residual);
    return;
  }
  std::copy_backward(minima_.begin(), minima_.end() - 1, minima_.end());
  minima_[0] = current_;
  closed_ = std::min(closed_ + 1, kWindows);
  window_start_ = completed;
  current_ = residual;
}

std::int64_t IntervalClock::lasting_shift() {
  if (closed_ < kWindows) return 0;
  const Duration least = *std::min_element(minima_.begin(), minima_.end() - 1);
  const Duration shift = least - minima_.back();
  if (shift < std::max(interval_, kLeastShift)) return 0;
  const std::int64_t gap = shift / interval_;
  current_ = std::min(current_, least) - interval_ * gap;
  closed_ = 0;
  return gap;
}

}  // namespace usbgw::device
