// 95 % bounds of a Poisson mean of which `count` events were seen (Wilson and Hilferty's
// approximation).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace usbgw::benchmarks {

[[nodiscard]] inline double upper_bound(std::uint64_t count) {
  const double k = static_cast<double>(count) + 1;
  return k * std::pow(1 - 1 / (9 * k) + 1.96 / (3 * std::sqrt(k)), 3);
}

[[nodiscard]] inline double lower_bound(std::uint64_t count) {
  if (count == 0) return 0;
  const auto k = static_cast<double>(count);
  return k * std::pow(std::max(0.0, 1 - 1 / (9 * k) - 1.96 / (3 * std::sqrt(k))), 3);
}

}  // namespace usbgw::benchmarks
