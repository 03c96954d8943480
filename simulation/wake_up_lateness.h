// How late a sleeping thread runs after what it waited for: never, uniformly up to a bound, or as a
// machine was measured to be.
#pragma once

#include <vector>

#include "common/histogram.h"
#include "common/random.h"
#include "common/timeline.h"

namespace usbgw::simulation {

class WakeUpLateness {
 public:
  WakeUpLateness() = default;  // punctual
  [[nodiscard]] static WakeUpLateness uniform(Duration most);
  // Drawn from the histogram, its tail included: one value for each of up to 65536 samples.
  [[nodiscard]] static WakeUpLateness measured(const Histogram& nanoseconds);

  [[nodiscard]] Duration draw(Random& random) const;
  [[nodiscard]] bool is_punctual() const { return most_ == Duration{} && samples_.empty(); }

 private:
  Duration most_{};
  std::vector<Duration> samples_;
};

}  // namespace usbgw::simulation
