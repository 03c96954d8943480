// Gives the model of the sound driver the completions of a trace, and its programs the trace's
// steps, in the trace's order, and compares what the model submits with what the driver did.
#pragma once

#include <string>

#include "tests/simulation/usbmon_trace.h"

namespace usbgw::simulation {

struct ReplayResult {
  std::size_t submissions = 0;  // of the trace
  std::size_t completions = 0;
  std::size_t writes = 0;  // copies of the playing program
  std::size_t different =
      0;  // submissions missing, too many or not equal; writes of another length
  std::string first_difference;
};

// Errors: the trace's device is unknown, or refuses to be enumerated.
[[nodiscard]] Result<ReplayResult> replay(const UsbmonTrace& trace);

}  // namespace usbgw::simulation
