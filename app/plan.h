// Which repair meets which miss rate on a given path, at what overhead: every scheme at every
// deadline, simulated side by side until the verdict is clear or the time is over.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/poisson.h"
#include "simulation/deadline_stream.h"
#include "simulation/loss_trace.h"
#include "simulation/parallel.h"
#include "simulation/repair_schemes.h"

namespace usbgw::app {

struct PlanRequest {
  // What the path does, each way.
  double loss = 0;
  Duration outage{};                           // mean; zero: losses are independent
  std::optional<simulation::LossTrace> trace;  // instead of both
  Duration round_trip{};                       // the fastest
  Duration jitter{};                           // J, of each direction
  // The stream: a source of `bytes` each `interval`.
  Duration interval{};
  std::size_t bytes = 0;
  std::uint64_t share = 0;  // bytes a second that it may take with its repair; 0: no bound
  std::vector<Duration> deadlines;
  double target = 0;   // share of sources that may miss their deadline
  Duration longest{};  // simulated for each scheme and deadline; zero: what the target needs
  std::uint64_t seed = 1;

  [[nodiscard]] simulation::ImpairmentProfile path() const;
  // What no repair gets below at D: outages that last until it. Nothing when that is not known.
  [[nodiscard]] std::optional<double> floor(Duration deadline) const;
};

enum class PlanVerdict : std::uint8_t {
  met,         // the upper bound is within the target
  open,        // neither bound says
  missed,      // the lower bound is above it
  over_share,  // it takes more than its share of the link
};

struct PlanRow {
  simulation::Scheme scheme;
  Duration deadline{};
  simulation::Figures figures;
  double lower = 0;  // 95 % bounds of the miss rate
  double upper = 0;
  double bytes_per_second = 0;  // of IP packets
  PlanVerdict verdict = PlanVerdict::open;
  bool is_settled = false;  // more of it would hardly change the verdict
};

struct Plan {
  PlanRequest request;
  std::vector<PlanRow> rows;  // by deadline; within one, the most useful first
  // The least deadline at which the target is met, by the least overhead; else what comes nearest.
  std::optional<std::size_t> recommended;
  double simulated_seconds = 0;
  simulation::Speed speed;
};

// Says on stderr how far it is. The same request gives the same rows on every machine.
[[nodiscard]] Plan make_plan(const PlanRequest& request);

// 95 % bounds of a miss rate whose misses come in runs: they count as so many independent ones as
// have the same variance. Under ten misses the length of runs is `fallback`'s, too.
struct MissBounds {
  double lower = 0;
  double upper = 0;
};
[[nodiscard]] MissBounds miss_bounds(const simulation::Figures& figures,
                                     const simulation::Figures& fallback, double z = kTwoSided95);

// The playout margin whose sources have `deadline` for their repair.
[[nodiscard]] Duration playout_for(Duration deadline);

}  // namespace usbgw::app
