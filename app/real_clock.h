// The machine's clocks. Stamps are CLOCK_MONOTONIC_RAW, which no time service slews; sleeping uses
// relative time-outs (CLOCK_MONOTONIC underneath), converted anew every turn, because RAW cannot
// sleep.
#pragma once

#include "common/timeline.h"

namespace usbgw::app {

class RealClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const override;
};

}  // namespace usbgw::app
