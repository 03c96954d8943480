// Finds the service intervals in which an isochronous endpoint was not served, from completion
// times: the bus counts intervals whether or not a transfer is queued, and libusb shows no frame
// number.
//
// The residual of a completion is its time less (index + 1) intervals. Reaping only ever makes it
// larger, for a moment; an interval that was not counted makes it larger for good. So:
//  1. A completion whose transfer was queued when the ring may have run dry (the caller says so)
//     follows a gap of as many whole intervals as its residual lies above the floor, a quarter of
//     an interval forgiven.
//  2. Whatever the ring says, when every residual of the last second lies at least one interval
//     and at least 1 ms above those before it, that many intervals were missed.
// The floor is the least residual of the last 250 to 500 ms: short enough that two crystals, 100
// ppm apart, do not part by more than half of 125 us.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "common/timeline.h"

namespace usbgw::device {

class IntervalClock {
 public:
  explicit IntervalClock(Duration interval) : interval_(interval) {}

  // Interval `last`, as counted so far, completed at `completed`. Returns the number of intervals
  // that the count lacks; the caller adds them to this and all later indices.
  [[nodiscard]] std::int64_t missing(std::int64_t last, Instant completed, bool may_follow_gap);

  // When the bus ends interval `index`, at the earliest; nothing before the first completion.
  [[nodiscard]] std::optional<Instant> end_of(std::int64_t index) const;
  [[nodiscard]] Duration interval() const { return interval_; }

 private:
  static constexpr Duration kWindow = std::chrono::milliseconds(250);
  static constexpr Duration kLeastShift = std::chrono::milliseconds(1);
  static constexpr std::size_t kWindows = 5;  // one before the shift, four after it

  [[nodiscard]] Duration floor() const;
  void note(Duration residual, Instant completed);
  [[nodiscard]] std::int64_t lasting_shift();

  Duration interval_;
  bool started_ = false;
  Instant window_start_{};
  Duration current_{};                       // least residual of the open window
  std::array<Duration, kWindows> minima_{};  // of closed windows, newest first
  std::size_t closed_ = 0;
};

}  // namespace usbgw::device
