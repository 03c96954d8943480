// How late wake-ups came: quantiles, and a histogram short enough to read.
#pragma once

#include <array>
#include <vector>

#include "app/finding.h"
#include "common/histogram.h"

namespace usbgw::app {

class Lateness {
 public:
  void record(std::int64_t nanoseconds);
  [[nodiscard]] const Histogram& histogram() const { return histogram_; }
  // Those that are not empty.
  [[nodiscard]] std::vector<Bar> bars() const;

 private:
  static constexpr std::array<std::int64_t, 10> kEdges{10'000,    20'000,    50'000,    100'000,
                                                       200'000,   500'000,   1'000'000, 2'000'000,
                                                       5'000'000, 10'000'000};

  Histogram histogram_;
  std::array<std::uint64_t, kEdges.size() + 1> counts_{};
};

}  // namespace usbgw::app
