// How long to wait before the next attempt: doubles from floor to ceiling, each time up to a
// quarter longer by chance, so that many nodes do not come back in step.
#pragma once

#include <algorithm>
#include <cstdint>

#include "common/random.h"
#include "common/timeline.h"

namespace usbgw::control {

class Backoff {
 public:
  Backoff(Duration floor, Duration ceiling, std::uint64_t seed)
      : floor_(floor), ceiling_(ceiling), delay_(floor), random_(seed) {}

  [[nodiscard]] Duration next() {
    const Duration quarter = delay_ / 4;
    const Duration jitter{static_cast<Duration::rep>(
        random_.below(static_cast<std::uint64_t>(std::max<Duration::rep>(quarter.count(), 0))))};
    const Duration delay = std::min(delay_ + jitter, ceiling_);
    delay_ = std::min(2 * delay_, ceiling_);
    return delay;
  }
  void reset() { delay_ = floor_; }

 private:
  Duration floor_;
  Duration ceiling_;
  Duration delay_;
  Random random_;
};

}  // namespace usbgw::control
