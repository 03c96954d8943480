// The machines that reports run on: A, a tuned one, and B, this one as it is measured now.
#pragma once

#include <string>

#include "simulation/whole_system.h"

namespace usbgw::benchmarks {

struct Machines {
  simulation::MachineConfig a;
  simulation::MachineConfig b;
  std::string text;    // what they are, for people, with B's histogram
  Histogram measured;  // ns
};

// Sleeps on a 1 ms grid for `length`, open loop: a late wake-up delays no other.
[[nodiscard]] Machines measure_machines(Duration length);

}  // namespace usbgw::benchmarks
