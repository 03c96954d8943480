// `usbgw demo --virtual`: the demo's configuration in simulation, over and over with other seeds.
// Neither the machine's load nor its speed is heard: what is lost, repaired and concealed is the
// link's and the repair's, and the same each time.
#pragma once

#include <cstdint>

#include "app/virtual_run.h"
#include "common/result.h"
#include "config/document.h"

namespace usbgw::app {

struct VirtualDemoOptions {
  std::uint64_t first_seed = 1;
  std::uint64_t last_seed = 20;
  std::optional<Duration> length;   // of each; not set: a minute
  std::optional<Duration> playout;  // D; not set: kVirtualPlayout
  std::uint32_t period = 128;       // frames
  bool check = false;               // what is concealed, missing or altered is the exit status
  bool json = false;
};

// The configuration's own D has room for a machine that wakes its threads late.
inline constexpr Duration kVirtualPlayout = std::chrono::milliseconds(8);

[[nodiscard]] Result<int> run_virtual_demo(const config::Document& document,
                                           const VirtualDemoOptions& options);

}  // namespace usbgw::app
