// A bus clock and the stamps that an agent takes of it, fed into a RecoveredClock under virtual
// time.
#pragma once

#include <cmath>

#include "common/random.h"
#include "usbside/host/recovered_clock.h"

namespace usbgw::host::test {

struct StampedBus {
  // When interval `index` really completes, and what the stamps say of it in the mean.
  [[nodiscard]] Instant true_time(std::int64_t index) const {
    const double ns = static_cast<double>((index - origin) * interval.count()) * (1 + ppm * 1e-6);
    return Instant{std::chrono::hours(1)} + Duration{std::llround(ns)} + step;
  }
  Instant stamp(std::int64_t index) {
    const double late = random.uniform() * static_cast<double>(jitter.count());
    return true_time(index) + delay + Duration{std::llround(late)};
  }
  void feed(RecoveredClock& clock) {
    clock.observe(next, stamp(next));
    next += every;
  }
  void feed(RecoveredClock& clock, Duration time) {
    for (const std::int64_t end = next + time / interval; next < end;) feed(clock);
  }
  // Time passes without a stamp.
  void pause(Duration time) { next += time / interval; }
  [[nodiscard]] double error_us(const RecoveredClock& clock, std::int64_t index) const {
    return static_cast<double>((clock.time_of(index) - true_time(index) - delay).count()) / 1e3;
  }

  Duration interval = std::chrono::milliseconds(1);
  std::int64_t every = 4;  // a stamp each so many intervals: 250 a second
  double ppm = 0;
  Duration jitter = std::chrono::milliseconds(2);  // peak to peak: +-1 ms about its mean
  Random random{1};
  std::int64_t origin = 0;
  std::int64_t next = 0;
  Duration step{};   // of the bus against its numbering
  Duration delay{};  // of the stamps
};

// Error of the clock's schedule against the bus, one value an interval that is stamped.
struct Errors {
  void add(double us) {
    sum += us;
    squares += us * us;
    worst = std::max(worst, std::abs(us));
    ++count;
  }
  [[nodiscard]] double mean() const { return sum / count; }
  [[nodiscard]] double rms() const { return std::sqrt(squares / count); }
  [[nodiscard]] double deviation() const {
    return std::sqrt(std::max(squares / count - mean() * mean(), 0.0));
  }
  double sum = 0;
  double squares = 0;
  double worst = 0;
  double count = 0;
};

// Feeds for `time`; the error is that of each prediction made before its stamp came.
inline Errors follow(RecoveredClock& clock, StampedBus& bus, Duration time) {
  Errors errors;
  for (const std::int64_t end = bus.next + time / bus.interval; bus.next < end;) {
    errors.add(bus.error_us(clock, bus.next));
    bus.feed(clock);
  }
  return errors;
}

}  // namespace usbgw::host::test
