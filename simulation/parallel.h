// Cases side by side on every core, with a line that says how far they are.
#pragma once

#include <functional>
#include <string>

#include "common/timeline.h"

namespace usbgw::simulation {

struct Speed {
  double wall_seconds = 0;
  double cpu_seconds = 0;
};
// Runs work(0) ... work(count - 1) in no order; the progress goes to stderr.
Speed run_parallel(const std::string& title, std::size_t count,
                   const std::function<void(std::size_t)>& work);

// "3600 s simulated in 12.1 s: 298 times real time (149 for each core's second)".
[[nodiscard]] std::string speed_text(double simulated_seconds, const Speed& speed);

}  // namespace usbgw::simulation
