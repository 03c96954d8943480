// Time as every layer sees it. Stamps are CLOCK_MONOTONIC_RAW nanoseconds in production and virtual
// nanoseconds in the simulation. Layers take `now` as an argument; only app/ and simulation/ own a
// Clock.
#pragma once

#include <chrono>
#include <cstdint>

namespace usbgw {

using Duration = std::chrono::nanoseconds;

// Tag of the time line; has no now(): time comes in as an argument.
struct TimeLine {
  using rep = Duration::rep;
  using period = Duration::period;
  using duration = Duration;
  using time_point = std::chrono::time_point<TimeLine, Duration>;
  static constexpr bool is_steady = true;
};

using Instant = TimeLine::time_point;

// "No deadline"; far enough away and still safe to subtract from.
inline constexpr Instant kNever = Instant{Duration{INT64_MAX / 4}};

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Instant now() const = 0;
};

[[nodiscard]] constexpr double to_milliseconds(Duration d) {
  return std::chrono::duration<double, std::milli>(d).count();
}

}  // namespace usbgw
