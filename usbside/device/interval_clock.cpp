#include "usbside/device/interval_clock.h"

#include <algorithm>

namespace usbgw::device {

std::int64_t IntervalClock::missing(std::int64_t last, Instant completed, bool may_follow_gap) {
  Duration residual = completed.time_since_epoch() - interval_ * (last + 1);
  if (!started_) {
    started_ = true;
    window_start_ = completed;
    current_ = residual;
    return 0;
  }
  std::int64_t gap = 0;
  if (may_follow_gap && residual > floor()) gap = (residual - floor() + interval_ / 4) / interval_;
  note(residual - interval_ * gap, completed);
  return gap + lasting_shift();
}

std::optional<Instant> IntervalClock::end_of(std::int64_t index) const {
  if (!started_) return std::nullopt;
  return Instant{floor() + interval_ * (index + 1)};
}

Duration IntervalClock::floor() const {
  return closed_ == 0 ? current_ : std::min(current_, minima_[0]);
}

void IntervalClock::note(Duration residual, Instant completed) {
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
