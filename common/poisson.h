// What a count of rare events says about how many there are in the mean: bounds of a Poisson mean,
// two-sided 95 % unless `z` says otherwise (Wilson and Hilferty's approximation, E. B. Wilson, M.
// M. Hilferty, "The distribution of chi-square", 1931).
#pragma once

#include <algorithm>
#include <cmath>

namespace usbgw {

inline constexpr double kTwoSided95 = 1.96;

[[nodiscard]] inline double poisson_upper(double count, double z = kTwoSided95) {
  const double k = count + 1;
  return k * std::pow(1 - 1 / (9 * k) + z / (3 * std::sqrt(k)), 3);
}

[[nodiscard]] inline double poisson_lower(double count, double z = kTwoSided95) {
  if (count <= 0) return 0;
  return count * std::pow(std::max(0.0, 1 - 1 / (9 * count) - z / (3 * std::sqrt(count))), 3);
}

}  // namespace usbgw
