// Finds the service intervals in which an isochronous endpoint was not served, from completion
// times: the bus counts intervals whether or not a transfer is queued, and libusb shows no frame
// number.
//
// The residual of a completion is its time less (index + 1) intervals. Reaping only ever makes it
// larger, for a moment; an interval that was not counted makes it larger for good. So:
//  1. A completion whose transfer was queued when the ring may have run dry (the caller says so)
//     follows a gap of as many whole intervals as its residual lies above the floor, a quarter of
//     an interval forgiven. Reaped late, it is counted from when it was last seen pending; what
//     lies between is left to the next three completions, because an index never goes back.
//  2. Whatever the ring says, when every residual of the last second lies at least one interval
//     and at least 1 ms above those before it, that many intervals were missed.
//  3. A completion that the system has told of late makes rule 1 count too much all the same. The
//     next one that is in time lies below the floor by what was too much; it is kept as a debt that
//     the next gap pays. Without this the indices would run ahead of the bus for ever.
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
  // A completion lies after `pending` and not after `reaped`.
  struct Completion {
    Instant pending;
    Instant reaped;
  };

  // The first `settling` intervals are taken as they come: while a ring is being filled the bus may
  // pass between two submissions, and where a stream's index begins means nothing.
  explicit IntervalClock(Duration interval, std::int64_t settling = 0)
      : interval_(interval), settling_(settling) {}

  // Interval `last`, as counted so far, has completed. Returns the number of intervals that the
  // count lacks; the caller adds them to this and all later indices.
  [[nodiscard]] std::int64_t missing(std::int64_t last, const Completion& completion,
                                     bool may_follow_gap);

  // The bus must have passed so many intervals with nothing queued. Returns how many the caller is
  // to leave out: less what the indices were ahead.
  [[nodiscard]] std::int64_t passed(std::int64_t intervals);

  // When the bus ends interval `index`, at the earliest; nothing before the first completion.
  [[nodiscard]] std::optional<Instant> end_of(std::int64_t index) const;
  [[nodiscard]] Duration interval() const { return interval_; }

 private:
  static constexpr Duration kWindow = std::chrono::milliseconds(250);
  static constexpr Duration kLeastShift = std::chrono::milliseconds(1);
  static constexpr std::int64_t kMostDrift = 5000;  // one part in so many: 200 ppm
  static constexpr int kDecidedWithin = 4;          // completions
  static constexpr std::size_t kWindows = 5;        // one before the shift, four after it

  [[nodiscard]] Duration floor() const;
  [[nodiscard]] std::int64_t certain_gap(Duration residual, Duration uncertain,
                                         bool may_follow_gap);
  [[nodiscard]] Duration least_credible(Instant completed) const;
  void note(Duration residual, Instant completed);
  void find_debt(Duration residual);
  [[nodiscard]] std::int64_t lasting_shift();

  Duration interval_;
  std::int64_t settling_;
  bool started_ = false;
  int undecided_ = 0;          // completions that may still show more of a gap
  std::int64_t inserted_ = 0;  // intervals counted as gaps, less those found to be none
  std::int64_t debt_ = 0;      // by which indices are ahead of the bus
  Instant window_start_{};
  Instant last_completion_{};
  Duration current_{};                       // least residual of the open window
  std::array<Duration, kWindows> minima_{};  // of closed windows, newest first
  std::size_t closed_ = 0;
};

}  // namespace usbgw::device
