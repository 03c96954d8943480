// One device's reports through the whole system under virtual time: what came, and when.
#pragma once

#include <cstdint>

#include "benchmarks/interrupt/report_source.h"
#include "common/histogram.h"
#include "simulation/whole_system.h"

namespace usbgw::benchmarks {

struct ReportCase {
  ReportKind kind;
  simulation::ImpairmentProfile network;  // each way
  simulation::MachineConfig machine;      // agent and host
  std::uint64_t reports = 0;
  std::uint64_t seed = 1;
};

struct ReportFigures {
  std::uint64_t given = 0;  // by the device
  std::uint64_t received = 0;
  std::uint64_t lost = 0, repeated = 0;   // one that comes after a later one counts as both
  std::uint64_t late = 0, late_runs = 0;  // more than kBudget over the base; runs without a break
  Histogram added;                        // ns over the base, from the bus to the driver
  std::uint64_t violations = 0;
  double seconds = 0;  // of virtual time
  // Of the sessions, since their start: pings, probes and acknowledgements too.
  std::uint64_t sources = 0, sent_again = 0;
  std::uint64_t datagrams = 0, bytes = 0;            // of the agent
  std::uint64_t datagrams_back = 0, bytes_back = 0;  // of the host

  ReportFigures& operator+=(const ReportFigures& other);
};

inline constexpr Duration kBudget = std::chrono::milliseconds(5);

[[nodiscard]] ReportFigures run_reports(const ReportCase& one);

}  // namespace usbgw::benchmarks
