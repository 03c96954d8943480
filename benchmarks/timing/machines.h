// The machines that reports run on: A, a tuned one, and B, this one as it is measured now, or one
// that was measured at another time, under load for instance.
#pragma once

#include <string>

#include "benchmarks/timing/options.h"
#include "simulation/whole_system.h"

namespace usbgw::benchmarks {

struct Machines {
  simulation::MachineConfig a;
  simulation::MachineConfig b;
  std::string text;    // what they are, for people, with B's histogram
  Histogram measured;  // ns
};

[[nodiscard]] simulation::MachineConfig machine_a(const ReportOptions& options);
// B is what options.machine says, or is measured now: sleeps on a 1 ms grid for `length`, open
// loop, so that a late wake-up delays no other. Exits when the file is none.
[[nodiscard]] Machines machines_of(const ReportOptions& options, Duration length);
// For options.machine of another run. Returns the exit code.
[[nodiscard]] int write_measured(const ReportOptions& options);

}  // namespace usbgw::benchmarks
