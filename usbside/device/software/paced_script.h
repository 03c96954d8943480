// Events of a device's own at a steady pace: event k is due k / rate after the first poll and a
// delay in which a reader can open the device.
#pragma once

#include <cmath>
#include <cstdint>

#include "common/timeline.h"

namespace usbgw::device::software {

class PacedScript {
 public:
  PacedScript(double per_second, std::uint64_t limit, Duration delay)
      : per_second_(per_second), limit_(limit), delay_(delay) {}

  // True: event next() is due and counted as given.
  [[nodiscard]] bool take(Instant now) {
    if (!has_begun_) {
      has_begun_ = true;
      begin_ = now + delay_;
    }
    if (is_over() || now < due(next_)) return false;
    ++next_;
    return true;
  }
  [[nodiscard]] std::uint64_t given() const { return next_; }
  [[nodiscard]] bool is_over() const { return limit_ != 0 && next_ >= limit_; }
  [[nodiscard]] Instant ready_at() const {
    if (!has_begun_) return Instant{};
    return is_over() ? kNever : due(next_);
  }

 private:
  [[nodiscard]] Instant due(std::uint64_t event) const {
    return begin_ + Duration(std::llround(static_cast<double>(event) * 1e9 / per_second_));
  }

  double per_second_;
  std::uint64_t limit_;
  Duration delay_;
  bool has_begun_ = false;
  Instant begin_{};
  std::uint64_t next_ = 0;
};

}  // namespace usbgw::device::software
