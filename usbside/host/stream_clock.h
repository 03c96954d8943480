// One stream's recovered clock on the host's own time line: agent's time plus an offset from the
// path estimate. The offset follows its target slowly, so that a better measurement never makes the
// schedule jump. IN streams use "when it reaches us over the fastest path", OUT streams "when we
// must send so that it arrives then".
#pragma once

#include <cstdint>
#include <optional>

#include "common/sequence.h"
#include "common/timeline.h"
#include "usbside/host/recovered_clock.h"

namespace usbgw::host {

class StreamClock {
 public:
  explicit StreamClock(Duration interval) : clock_(interval) {}

  // Unwraps an index from the wire near the newest one seen.
  [[nodiscard]] std::int64_t unwrap(std::uint32_t index) const;
  bool observe(std::int64_t index, Instant stamp) { return clock_.observe(index, stamp); }
  // See RecoveredClock.
  void set_most_behind(Duration most) { clock_.set_most_behind(most); }
  // Host time minus agent time; the first one is taken as it is.
  void follow_offset(Duration target, Instant now);

  [[nodiscard]] bool is_known() const { return offset_.has_value() && clock_.has_phase(); }
  [[nodiscard]] Instant at(std::int64_t index) const { return clock_.time_of(index) + *offset_; }
  [[nodiscard]] std::int64_t first_at_or_after(Instant host_time) const {
    return clock_.first_at_or_after(host_time - *offset_);
  }
  // How much faster than the host's clock the bus is: than the agent's, less the offset's drift.
  [[nodiscard]] double ppm() const;
  [[nodiscard]] const RecoveredClock& recovered() const { return clock_; }

 private:
  RecoveredClock clock_;
  std::optional<Duration> offset_;
  Instant followed_{};
  Duration first_offset_{};
  Instant first_followed_{};
};

}  // namespace usbgw::host
