// When the intervals of a bus begin. The cadence runs `ppm` fast against the caller's clock; every
// begin is computed from the start, so nothing accumulates.
#pragma once

#include <cmath>
#include <cstdint>

#include "common/timeline.h"
#include "common/usb.h"

namespace usbgw::device::software {

class BusClock {
 public:
  BusClock(Speed speed, double ppm, Instant start)
      : nominal_(speed == Speed::high ? std::chrono::microseconds(125)
                                      : std::chrono::milliseconds(1)),
        shrink_(ppm / (1e6 + ppm)),
        start_(start) {}

  [[nodiscard]] Duration nominal() const { return nominal_; }
  [[nodiscard]] Instant begin(std::int64_t interval) const {
    const Duration plain = interval * nominal_;
    if (shrink_ == 0) return start_ + plain;
    return start_ + plain - Duration(std::llround(static_cast<double>(plain.count()) * shrink_));
  }
  [[nodiscard]] Instant end(std::int64_t interval) const { return begin(interval + 1); }

  // The first interval that begins at `when` or later; never below 0.
  [[nodiscard]] std::int64_t first_from(Instant when) const {
    if (when <= start_) return 0;
    const auto elapsed = static_cast<double>((when - start_).count());
    auto guess = static_cast<std::int64_t>(elapsed / (1.0 - shrink_)) / nominal_.count();
    while (guess > 0 && begin(guess - 1) >= when) --guess;
    while (begin(guess) < when) ++guess;
    return guess;
  }

 private:
  Duration nominal_;
  double shrink_;  // 1 - (duration of a second of bus time)
  Instant start_;
};

// The first multiple of `period` from `interval` on.
[[nodiscard]] constexpr std::int64_t align_up(std::int64_t interval, std::uint32_t period) {
  const auto step = static_cast<std::int64_t>(period);
  return (interval + step - 1) / step * step;
}

}  // namespace usbgw::device::software
