// Time that moves only when the simulation says so.
#pragma once

#include "common/assertion.h"
#include "common/timeline.h"

namespace usbgw::simulation {

class VirtualClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const override { return now_; }
  void advance_to(Instant when) {
    USBGW_ASSERT(when >= now_);
    now_ = when;
  }

 private:
  Instant now_{std::chrono::seconds(1)};  // not zero: a default Instant must not look like now
};

}  // namespace usbgw::simulation
