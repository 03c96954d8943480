// Samples per service interval of a device whose crystal runs `ppm` fast against the bus: exact to
// the sample over any time that fits 2^24 seconds.
#pragma once

#include <cmath>
#include <cstdint>

namespace usbgw::device::software {

class SampleClock {
 public:
  SampleClock(double rate, double crystal_ppm, std::uint32_t intervals_per_second)
      : step_(std::llround(rate * (1.0 + crystal_ppm * 1e-6) / intervals_per_second * kOne)) {}

  // Whole samples of the next interval.
  [[nodiscard]] std::uint32_t tick() {
    phase_ += step_;
    const auto whole = static_cast<std::uint32_t>(phase_ >> kFraction);
    phase_ &= kMask;
    return whole;
  }
  // Samples per interval with `fraction` binary places, for a feedback endpoint. What one value
  // rounds off the next one carries, so that their mean is exact.
  [[nodiscard]] std::uint32_t feedback(int fraction) {
    const int shift = kFraction - fraction;
    rounding_ += step_ & ((std::int64_t{1} << shift) - 1);
    const std::int64_t carry = rounding_ >> shift;
    rounding_ -= carry << shift;
    return static_cast<std::uint32_t>((step_ >> shift) + carry);
  }

 private:
  static constexpr int kFraction = 44;
  static constexpr double kOne = 0x1.0p44;
  static constexpr std::int64_t kMask = (std::int64_t{1} << kFraction) - 1;

  std::int64_t step_;
  std::int64_t phase_ = 0;
  std::int64_t rounding_ = 0;
};

}  // namespace usbgw::device::software
