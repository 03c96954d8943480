#include "app/real_clock.h"

#include <ctime>

namespace usbgw::app {

Instant RealClock::now() const {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC_RAW, &t);
  return Instant{std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec)};
}

}  // namespace usbgw::app
