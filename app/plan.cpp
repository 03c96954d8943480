#include "app/plan.h"

#include <algorithm>
#include <cmath>

namespace usbgw::app {
namespace {

using namespace std::chrono_literals;
using simulation::Figures;
using simulation::Scheme;

constexpr Duration kOpening = 3s;  // the path is known, the controller has settled
constexpr Duration kChunk = 60s;   // simulated in one piece; each has a seed of its own
constexpr Duration kSource = 1ms;  // node/stream_commands.cpp, deadline_of_source()
constexpr double kFewMisses = 10;
constexpr double kShareSlack = 1.001;
// A scheme is looked at after each round, and there are many: only bounds this wide (two-sided
// 99.9 %) end its simulation early, or one in twenty would pass or fail by luck.
constexpr double kSettled = 3.29;
// With no miss at all, those bounds are within the target after so many times its inverse.
constexpr double kSourcesOfTarget = 8;

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

std::vector<PlanRow> rows_of(const PlanRequest& request) {
  std::vector<PlanRow> rows;
  for (const Duration deadline : request.deadlines) {
    // What is sent by D - J is there by D.
    const Duration until = deadline > request.jitter ? deadline - request.jitter : deadline;
    std::vector<Scheme> schemes = simulation::schemes_for(until, request.interval);
    for (Scheme& scheme : simulation::longer_schemes_for(until, request.interval))
      schemes.push_back(std::move(scheme));
    // A request and its answer take a round trip: none is in time when that is D.
    const bool has_time = request.round_trip < deadline;
    for (Scheme& scheme : schemes) {
      const bool asks = scheme.repair.resends && !scheme.is_controller();
      if (asks && !has_time) continue;
      scheme.repair.deadline = deadline;
      scheme.repair.share = request.share;
      rows.push_back({scheme, deadline, {}, 0, 0, 0, PlanVerdict::open, false});
      if (!has_time || scheme.repair.resends || rows.back().scheme.name == "none") continue;
      rows.push_back(
          {simulation::with_requests(scheme), deadline, {}, 0, 0, 0, PlanVerdict::open, false});
    }
  }
  return rows;
}

Figures run_chunk(const PlanRequest& request, const PlanRow& row, Duration length,
                  std::uint64_t seed) {
  simulation::DeadlineStreamConfig config;
  config.repair = row.scheme.repair;
  config.deadline = row.deadline;
  config.interval = request.interval;
  config.source_bytes = request.bytes;
  config.seed = seed;
  simulation::DeadlineStream stream(config);
  stream.begin(request.path());
  Figures opening;
  Figures figures;
  stream.run(kOpening, opening);
  stream.run(length, figures);
  stream.finish();
  return figures;
}

void judge(const PlanRequest& request, const Figures& without_repair, PlanRow& row) {
  const MissBounds bounds = miss_bounds(row.figures, without_repair);
  row.lower = bounds.lower;
  row.upper = bounds.upper;
  row.bytes_per_second = static_cast<double>(row.figures.wire_bytes) /
                         (static_cast<double>(row.figures.sources) * seconds(request.interval));
  const bool is_over =
      request.share > 0 && row.bytes_per_second > static_cast<double>(request.share) * kShareSlack;
  if (is_over)
    row.verdict = PlanVerdict::over_share;
  else if (row.upper <= request.target)
    row.verdict = PlanVerdict::met;
  else if (row.lower > request.target)
    row.verdict = PlanVerdict::missed;
  else
    row.verdict = PlanVerdict::open;
  const MissBounds wide = miss_bounds(row.figures, without_repair, kSettled);
  row.is_settled = is_over || wide.upper <= request.target || wide.lower > request.target;
}

// Each deadline's first row is the one without repair.
void judge_all(const PlanRequest& request, std::vector<PlanRow>& rows) {
  const PlanRow* without_repair = nullptr;
  for (PlanRow& row : rows) {
    if (without_repair == nullptr || without_repair->deadline != row.deadline)
      without_repair = &row;
    judge(request, without_repair->figures, row);
  }
}

bool is_more_useful(const PlanRow& a, const PlanRow& b) {
  if (a.deadline != b.deadline) return a.deadline < b.deadline;
  if (a.verdict != b.verdict) return a.verdict < b.verdict;
  const double overhead_a = a.figures.overhead();
  const double overhead_b = b.figures.overhead();
  if (a.verdict == PlanVerdict::met && overhead_a != overhead_b) return overhead_a < overhead_b;
  if (a.upper != b.upper) return a.upper < b.upper;
  return overhead_a < overhead_b;
}

// Rows are in order: the first that meets the target has the least deadline and there the least
// overhead. When none does: what may be as good as the best, by the same order.
std::optional<std::size_t> recommended_of(const std::vector<PlanRow>& rows) {
  double best = 2;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].verdict == PlanVerdict::met) return i;
    if (rows[i].verdict != PlanVerdict::over_share) best = std::min(best, rows[i].upper);
  }
  std::optional<std::size_t> nearest;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const PlanRow& row = rows[i];
    if (row.verdict == PlanVerdict::over_share || row.figures.miss_rate() > best) continue;
    if (nearest && (rows[*nearest].deadline < row.deadline ||
                    rows[*nearest].figures.overhead() <= row.figures.overhead()))
      continue;
    nearest = i;
  }
  return nearest;
}

}  // namespace

simulation::ImpairmentProfile PlanRequest::path() const {
  simulation::ImpairmentProfile profile;
  profile.delay = round_trip / 2;
  profile.jitter = jitter;
  if (trace) {
    profile.trace = &*trace;
  } else if (outage > Duration{}) {
    profile.outage_loss = loss;
    profile.outage_mean = outage;
  } else {
    profile.loss = loss;
  }
  return profile;
}

std::optional<double> PlanRequest::floor(Duration deadline) const {
  const Duration left = std::max(deadline - jitter, Duration{});
  if (trace) return trace->lost_for_longer(left);
  if (outage <= Duration{}) return std::nullopt;
  return loss * std::exp(-seconds(left) / seconds(outage));
}

MissBounds miss_bounds(const Figures& figures, const Figures& fallback, double z) {
  const auto run_of = [](const Figures& of) {
    return of.misses == 0 ? 1.0
                          : static_cast<double>(of.run_squares) / static_cast<double>(of.misses);
  };
  const auto misses = static_cast<double>(figures.misses);
  double run = run_of(figures);
  if (misses < kFewMisses) run = std::max(run, run_of(fallback));
  const auto sources = static_cast<double>(figures.sources);
  return {poisson_lower(misses / run, z) * run / sources,
          std::min(1.0, poisson_upper(misses / run, z) * run / sources)};
}

Duration playout_for(Duration deadline) {
  return deadline >= kSource ? deadline + kSource : 2 * deadline;
}

Plan make_plan(const PlanRequest& request) {
  Plan plan;
  plan.request = request;
  plan.rows = rows_of(request);
  const Duration longest =
      request.longest > Duration{}
          ? request.longest
          : std::max(
                2 * kChunk,
                Duration(static_cast<std::int64_t>(kSourcesOfTarget / request.target *
                                                   static_cast<double>(request.interval.count()))));
  const Duration chunk = std::min(kChunk, longest);
  const auto most_chunks = static_cast<std::uint64_t>((longest + chunk - 1ns) / chunk);

  struct Case {
    PlanRow* row;
    std::uint64_t seed;
    Figures figures;
  };
  // Rounds, each as long as all before: a scheme that has its verdict takes no part in the next.
  std::uint64_t done = 0;
  for (std::uint64_t round = 1; done < most_chunks; ++round) {
    const std::uint64_t until = std::min(most_chunks, done == 0 ? 1 : 2 * done);
    std::vector<Case> cases;
    for (PlanRow& row : plan.rows)
      for (std::uint64_t i = done; i < until && !row.is_settled; ++i)
        cases.push_back({&row, request.seed + i, {}});
    if (cases.empty()) break;
    const auto speed = simulation::run_parallel(
        "plan, round " + std::to_string(round), cases.size(), [&](std::size_t i) {
          cases[i].figures = run_chunk(plan.request, *cases[i].row, chunk, cases[i].seed);
        });
    for (const Case& one : cases) one.row->figures += one.figures;
    plan.simulated_seconds += static_cast<double>(cases.size()) * seconds(chunk + kOpening);
    plan.speed.wall_seconds += speed.wall_seconds;
    plan.speed.cpu_seconds += speed.cpu_seconds;
    judge_all(plan.request, plan.rows);
    done = until;
  }
  std::stable_sort(plan.rows.begin(), plan.rows.end(), is_more_useful);
  plan.recommended = recommended_of(plan.rows);
  return plan;
}

}  // namespace usbgw::app
