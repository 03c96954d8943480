// The machine's clocks. Stamps are CLOCK_MONOTONIC_RAW, which no time service slews; sleeping uses
// relative time-outs (CLOCK_MONOTONIC underneath), converted anew every turn, because RAW cannot
// sleep.
#pragma once

#include "common/timeline.h"
#include "control/audit_log.h"

namespace usbgw::app {

class RealClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const override;
};

// The time of day, for people.
class RealWallClock final : public control::WallClock {
 public:
  [[nodiscard]] std::chrono::system_clock::time_point now() const override {
    return std::chrono::system_clock::now();
  }
};

}  // namespace usbgw::app
