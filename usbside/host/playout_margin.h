// D, the playout margin over the base delay: held, raised in counted steps of 0.25 ms when data
// comes too late more often than the target (1e-5 of the intervals), lowered only while the stream
// is idle.
//
// Where adaptive starts: the configured D, or what the path's measured jitter asks for if that is
// more. A raise covers what came late, so that one wave of late data is one raise.
#pragma once

#include <cstdint>

#include "common/path_estimate.h"
#include "common/timeline.h"
#include "usbside/host/attachment_status.h"
#include "usbside/host/host_attachment.h"

namespace usbgw::host {

class PlayoutMargin {
 public:
  // `most_held`: what the stream's window holds.
  explicit PlayoutMargin(const PlayoutConfig& config, Duration most_held = Duration::max());

  [[nodiscard]] Duration value() const { return value_; }
  [[nodiscard]] MarginReason reason() const { return reason_; }
  [[nodiscard]] bool is_fixed() const { return mode_ == PlayoutMode::fixed; }
  // In steps of 0.25 ms.
  [[nodiscard]] std::uint64_t raises() const { return raises_; }

  void on_decided(std::uint64_t intervals);
  // An interval's data came `by` after it was due. What is so late that no allowed margin would
  // have saved it (an outage) raises nothing.
  void on_late(Duration by, Instant now);
  // Nothing is being played: the path decides where to begin (again).
  void on_idle(const PathEstimate& path);

 private:
  void set(Duration wanted, MarginReason reason);

  PlayoutMode mode_;
  MarginReason limit_;
  Duration most_;
  Duration least_;
  MarginReason least_reason_;
  Duration value_;
  MarginReason reason_;
  double allowance_ = 0;  // late intervals that the target still permits
  Instant raised_at_{Duration{INT64_MIN / 4}};
  std::uint64_t raises_ = 0;
};

}  // namespace usbgw::host
