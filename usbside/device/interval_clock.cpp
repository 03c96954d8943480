#include "usbside/device/interval_clock.h"

#include <algorithm>

namespace usbgw::device {

std::int64_t IntervalClock::missing(std::int64_t last, Instant completed, bool may_follow_gap) {
  Duration residual = completed.time_since_epoch() - interval_ * (last + 1);
  if (!started_ || last < settling_) {
    started_ = true;
    window_start_ = last_completion_ = completed;
    current_ = residual;
    return 0;
  }
  find_debt(residual);
  residual += interval_ * debt_;
  std::int64_t gap = 0;
  if (may_follow_gap && residual > floor()) gap = (residual - floor() + interval_ / 4) / interval_;
  residual = std::max(residual - interval_ * gap, least_credible(completed));
  note(residual, completed);
  gap += lasting_shift();
  const std::int64_t paid = std::min(gap, debt_);
  debt_ -= paid;
  inserted_ += gap - paid;
  return gap - paid;
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
