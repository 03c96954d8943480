// `usbgw plan`: says which repair a path needs, before a stream runs on it.
#pragma once

#include <string>
#include <vector>

#include "app/plan.h"
#include "common/result.h"

namespace usbgw::app {

// As a person writes them.
struct PlanOptions {
  std::string loss;  // "0.7%" or "0.007"
  std::string outage;
  std::string trace;  // file
  std::string trace_interval;
  std::string round_trip = "1ms";
  std::string jitter = "0";
  std::vector<std::string> deadlines = {"2ms", "4ms", "8ms"};
  std::string interval = "1ms";
  unsigned bytes = 192;
  std::string share;
  std::string target = "1e-5";
  double seconds = 0;  // of each scheme; 0: what the target needs
  std::uint64_t seed = 1;
  std::string plot;  // folder; empty: none
  bool all = false;  // rows, not only the most useful
  bool json = false;
};

// Errors name the option and what it allows, or the trace's file and line.
[[nodiscard]] Result<PlanRequest> read_plan(const PlanOptions& options);

// 0: a scheme meets the target; 1: none does.
[[nodiscard]] Result<int> run_plan(const PlanOptions& options);

}  // namespace usbgw::app
