// Which sources miss their deadline: every repair scheme and every loss, the physical floor beside.
//
// A source each millisecond, 0.7 % lost; D counts from the fastest arrival, and arrival at exactly
// D is in time. What is counted begins 2 s after each change of the path. Overhead: repair symbols
// and resends for each source. Rates of under 100 misses are compared by their 95 % bounds.
//
// The controller is compared with the best fixed scheme of its overhead's class: to 2, 50, 100 and
// 200 %, each above the one before.
//
// Targets, of the controller in each lossy channel: misses and overhead at most 1.2 times that
// scheme's. On a clean path: no overhead after 60 s. Of fixed schemes: outages of mean 1 ms, D = 4
// ms, at most 100 %: at most 1.1 times the floor. Independent losses, D = 8 ms, at most 50 %: at
// most 1e-6. Resends at RTT 0.5 ms, D = 2 ms: upper bound at most 1e-6, overhead at most 2 %
// (judged with --full alone, which has the 30 million sources for it).
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>

#include "app/text_table.h"
#include "benchmarks/deadline/channel.h"
#include "benchmarks/deadline/run.h"
#include "benchmarks/timing/options.h"
#include "common/poisson.h"
#include "simulation/parallel.h"

namespace usbgw::benchmarks {
namespace {

using namespace std::chrono_literals;
using simulation::run_parallel;
using simulation::speed_text;

constexpr std::array kDeadlines{1ms, 2ms, 4ms, 6ms, 8ms};
constexpr std::array kClasses{0.02, 0.5, 1.0, 2.0};  // overhead at most
constexpr double kClassSlack = 0.001;                // symbols of sources before
constexpr std::uint64_t kFewMisses = 100;

// One scheme at one deadline, pooled over seeds.
struct Result {
  Scheme scheme;
  Duration deadline{};
  std::vector<Figures> channels;
  Figures quiet;  // clean for 60 s and more
};

struct Case {
  std::size_t result = 0;
  std::uint64_t seed = 0;
  std::vector<SegmentFigures> segments;
};

// The rate that a target judges: what it is at least.
double judged_rate(const Figures& figures) {
  const double misses = figures.misses < kFewMisses
                            ? poisson_lower(static_cast<double>(figures.misses))
                            : static_cast<double>(figures.misses);
  return misses / static_cast<double>(figures.sources);
}

std::string number(double value, const char* format = "%.1e") {
  char text[32];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

// "1.7e-04", with few misses the upper bound: "<3.1e-06".
std::string rate_text(const Figures& figures) {
  if (figures.misses > 0) return number(figures.miss_rate());
  return "<" + number(poisson_upper(0) / static_cast<double>(figures.sources));
}

const Result* best_of(const std::vector<Result>& results, Duration deadline, std::size_t channel,
                      double least, double most) {
  const Result* best = nullptr;
  for (const Result& result : results) {
    const double overhead = result.channels[channel].overhead();
    if (result.scheme.is_controller()) continue;
    if (result.deadline != deadline || overhead > most + kClassSlack) continue;
    if (least > 0 && overhead <= least + kClassSlack) continue;
    const auto misses = result.channels[channel].misses;
    if (best == nullptr || misses < best->channels[channel].misses) best = &result;
  }
  return best;
}

const Result* controller_of(const std::vector<Result>& results, Duration deadline) {
  for (const Result& result : results)
    if (result.scheme.is_controller() && result.deadline == deadline) return &result;
  return nullptr;
}

struct Comparison {
  const Result* best = nullptr;
  double overhead_most = 0;  // of the class
  bool is_missed = false;
};

Comparison compare(const std::vector<Result>& results, const Result& controller,
                   std::size_t channel) {
  const Figures& ours = controller.channels[channel];
  Comparison comparison;
  double least = 0;
  for (const double most : kClasses) {
    comparison.overhead_most = most;
    if (ours.overhead() <= most + kClassSlack) break;
    least = most;
  }
  comparison.best = best_of(results, controller.deadline, channel, least, comparison.overhead_most);
  if (comparison.best == nullptr) return comparison;
  const Figures& theirs = comparison.best->channels[channel];
  const bool is_few = ours.misses < kFewMisses || theirs.misses < kFewMisses;
  const double sources = static_cast<double>(ours.sources);
  const double most = 1.2 *
                      (is_few ? poisson_upper(static_cast<double>(theirs.misses))
                              : static_cast<double>(theirs.misses)) /
                      static_cast<double>(theirs.sources);
  const double missed = (is_few ? poisson_lower(static_cast<double>(ours.misses))
                                : static_cast<double>(ours.misses)) /
                        sources;
  // Of resends it is their number that varies: counted as misses are.
  const double overhead_most =
      1.2 *
      (theirs.repairs < kFewMisses ? poisson_upper(static_cast<double>(theirs.repairs))
                                   : static_cast<double>(theirs.repairs)) /
      static_cast<double>(theirs.sources);
  comparison.is_missed = missed > most || ours.overhead() > overhead_most;
  return comparison;
}

std::string controller_text(const std::vector<Result>& results, Duration deadline,
                            std::size_t channel) {
  const Result* controller = controller_of(results, deadline);
  if (controller == nullptr) return {};
  const Comparison comparison = compare(results, *controller, channel);
  const Figures& figures = controller->channels[channel];
  std::string text = rate_text(figures) + " " + number(figures.overhead() * 100, "%.1f") + " %";
  if (comparison.is_missed)
    text += ", over " + rate_text(comparison.best->channels[channel]) + " " +
            comparison.best->scheme.name;
  return text;
}

void print_tables(const std::vector<Result>& results) {
  for (const Duration deadline : kDeadlines) {
    std::printf("D = %.0f ms\n", to_milliseconds(deadline));
    app::TextTable table({"CHANNEL", "FLOOR", "NONE", "BEST TO 2 %", "TO 50 %", "TO 100 %",
                          "TO 200 %", "CONTROLLER"});
    for (std::size_t c = 0; c < channels().size(); ++c) {
      const Channel& channel = channels()[c];
      if (channel.is_clean()) continue;
      const double floor = channel.floor(deadline);
      std::vector<std::string> row{channel.name, floor < 0 ? "" : number(floor)};
      double least = 0;
      const Result* none = best_of(results, deadline, c, 0, 0);
      row.push_back(none == nullptr ? "" : rate_text(none->channels[c]));
      for (const double most : kClasses) {
        const Result* best = best_of(results, deadline, c, least, most);
        row.push_back(best == nullptr ? ""
                                      : rate_text(best->channels[c]) + " " + best->scheme.name);
        least = most;
      }
      row.push_back(controller_text(results, deadline, c));
      table.add(std::move(row));
    }
    std::printf("%s\n", table.text().c_str());
  }
}

struct Target {
  std::string name;
  std::string shown;
  bool is_missed = false;
  bool is_judged = true;  // false: this form has too few sources to judge
};

const char* verdict(const Target& target) {
  if (!target.is_judged) return "open  ";
  return target.is_missed ? "MISSED" : "met   ";
}

std::size_t channel_named(const char* name) {
  for (std::size_t c = 0; c < channels().size(); ++c)
    if (channels()[c].name == name) return c;
  return 0;
}

// Nothing when --only leaves no such scheme.
std::optional<Target> fixed_point(const std::vector<Result>& results, const char* channel,
                                  Duration deadline, double overhead, double most) {
  const std::size_t c = channel_named(channel);
  Target target{std::string(channel) + ", D = " + number(to_milliseconds(deadline), "%.0f") +
                    " ms, overhead to " + number(overhead * 100, "%.0f") + " %: at most " +
                    number(most),
                {},
                true};
  const Result* best = best_of(results, deadline, c, 0, overhead);
  if (best == nullptr) return std::nullopt;
  target.shown = rate_text(best->channels[c]) + " (" + best->scheme.name + ")";
  target.is_missed = judged_rate(best->channels[c]) > most;
  return target;
}

constexpr const char* kResendPoint = "resends, RTT 0.5 ms, D = 2 ms";

Target resend_point(const Figures& figures, bool is_full) {
  const double bound =
      poisson_upper(static_cast<double>(figures.misses)) / static_cast<double>(figures.sources);
  const double overhead = figures.overhead();
  Target target{std::string(kResendPoint) + ": upper bound at most 1e-6, overhead at most 2 %",
                std::to_string(figures.misses) + " of " + std::to_string(figures.sources) +
                    " missed, bound " + number(bound) + ", overhead " +
                    number(overhead * 100, "%.2f") + " %",
                overhead > 0.02 || (is_full && bound > 1e-6), is_full || overhead > 0.02};
  if (!is_full) target.shown += "; the bound is judged with --full";
  return target;
}

// One target for each deadline: every lossy channel counts.
// With one seed the misses of a few outages decide: those are judged with --full alone.
void add_controller_targets(const std::vector<Result>& results, bool is_full,
                            std::vector<Target>& targets) {
  for (const Duration deadline : kDeadlines) {
    const Result* controller = controller_of(results, deadline);
    if (controller == nullptr) continue;
    std::size_t lossy = 0;
    std::size_t missed = 0;
    for (std::size_t c = 0; c < channels().size(); ++c) {
      if (channels()[c].is_clean()) continue;
      ++lossy;
      missed += compare(results, *controller, c).is_missed ? 1u : 0u;
    }
    const std::string name =
        "controller, D = " + number(to_milliseconds(deadline), "%.0f") + " ms: ";
    targets.push_back({name + "misses and overhead at most 1.2 times the best of its class",
                       std::to_string(lossy - missed) + " of " + std::to_string(lossy) +
                           " channels" + (is_full ? "" : "; judged with --full alone"),
                       is_full && missed > 0, is_full});
    targets.push_back({name + "no overhead when clean for 60 s",
                       std::to_string(controller->quiet.repairs) + " symbols for " +
                           std::to_string(controller->quiet.sources) + " sources",
                       controller->quiet.repairs > 0, true});
  }
}

nlohmann::json json_of(const Result& result) {
  nlohmann::json all = nlohmann::json::array();
  for (std::size_t c = 0; c < channels().size(); ++c) {
    const Figures& figures = result.channels[c];
    if (figures.sources == 0) continue;
    const double floor = channels()[c].floor(result.deadline);
    all.push_back({{"channel", channels()[c].name},
                   {"floor", floor < 0 ? nlohmann::json() : nlohmann::json(floor)},
                   {"sources", figures.sources},
                   {"misses", figures.misses},
                   {"miss_rate", figures.miss_rate()},
                   {"lower", poisson_lower(static_cast<double>(figures.misses)) /
                                 static_cast<double>(figures.sources)},
                   {"upper", poisson_upper(static_cast<double>(figures.misses)) /
                                 static_cast<double>(figures.sources)},
                   {"overhead", figures.overhead()}});
  }
  return {{"scheme", result.scheme.name},
          {"deadline_ms", to_milliseconds(result.deadline)},
          {"channels", all}};
}

struct Form {
  std::uint64_t seeds;
  Duration lossy;
  Duration clean;           // of the controller; fixed schemes do the same there at any time
  std::size_t resend_runs;  // of 100 s
};
constexpr Form kShort{1, 10s, 70s, 1};
constexpr Form kFull{20, 60s, 180s, 300};
constexpr Duration kCleanOfFixed = 3s;
constexpr Duration kResendRun = 100s;

int report(const ReportOptions& options) {
  Form form = options.full ? kFull : kShort;
  if (options.seconds > 0)
    form.lossy =
        std::chrono::duration_cast<Duration>(std::chrono::duration<double>(options.seconds));
  CaseFilter filter("deadline", options);
  const bool has_resend_point = filter.takes(kResendPoint);
  std::vector<Result> results;
  for (const Duration deadline : kDeadlines)
    for (Scheme& scheme : simulation::schemes_for(deadline, 1ms))
      if (filter.takes(scheme.name))
        results.push_back({scheme, deadline, std::vector<Figures>(channels().size()), {}});
  filter.require_any();
  std::vector<Case> cases;
  for (std::uint64_t seed = options.seed; seed < options.seed + form.seeds; ++seed)
    for (std::size_t r = 0; r < results.size(); ++r) cases.push_back({r, seed, {}});

  Scheme resends{"resends", {}};
  resends.repair.resends = true;
  resends.repair.deadline = 2ms;
  const std::vector<Segment> independent{{channel_named("independent, RTT 0.5"), kResendRun + 2s}};
  std::vector<Figures> resend_figures(has_resend_point ? form.resend_runs : 0);

  double simulated = 0;
  const auto speed =
      run_parallel("deadline", cases.size() + resend_figures.size(), [&](std::size_t i) {
        if (i < cases.size()) {
          const Result& result = results[cases[i].result];
          cases[i].segments =
              run_stream(result.scheme, result.deadline,
                         make_segments(cases[i].seed, form.lossy,
                                       result.scheme.is_controller() ? form.clean : kCleanOfFixed),
                         cases[i].seed);
        } else {
          const std::size_t run = i - cases.size();
          resend_figures[run] =
              run_stream(resends, 2ms, independent, options.seed + 1000 + run).front().settled;
        }
      });
  for (const Case& one : cases)
    for (const SegmentFigures& segment : one.segments) {
      results[one.result].channels[segment.channel] += segment.settled;
      results[one.result].quiet += segment.quiet;
      simulated += static_cast<double>(segment.settled.sources) * 1e-3;
    }
  Figures resent;
  for (const Figures& figures : resend_figures) resent += figures;
  simulated += static_cast<double>(resent.sources) * 1e-3;

  std::vector<Target> targets;
  const std::size_t outages = channel_named("outages 1 ms, RTT 8");
  const auto add = [&](const std::optional<Target>& target) {
    if (target) targets.push_back(*target);
  };
  add(fixed_point(results, "outages 1 ms, RTT 8", 4ms, 1.0, 1.1 * channels()[outages].floor(4ms)));
  add(fixed_point(results, "independent, RTT 8", 8ms, 0.5, 1e-6));
  if (has_resend_point) targets.push_back(resend_point(resent, options.full));
  // Without the others there is nothing to compare with.
  add_controller_targets(results, options.full && options.only.empty(), targets);
  std::size_t missed = 0;
  for (const Target& target : targets) missed += target.is_missed ? 1u : 0u;

  if (options.json) {
    nlohmann::json all = nlohmann::json::array();
    for (const Result& result : results) all.push_back(json_of(result));
    nlohmann::json judged = nlohmann::json::array();
    for (const Target& target : targets)
      judged.push_back({{"target", target.name},
                        {"shown", target.shown},
                        {"judged", target.is_judged},
                        {"missed", target.is_missed}});
    const nlohmann::json whole = {{"seeds", form.seeds},
                                  {"speed", speed_text(simulated, speed)},
                                  {"schemes", all},
                                  {"targets", judged},
                                  {"missed", missed}};
    std::printf("%s\n", whole.dump(2).c_str());
  } else {
    if (!results.empty()) print_tables(results);
    for (const Target& target : targets)
      std::printf("%s %s: %s\n", verdict(target), target.name.c_str(), target.shown.c_str());
    const auto judged = std::count_if(targets.begin(), targets.end(),
                                      [](const Target& target) { return target.is_judged; });
    std::printf(
        "deadline: %zu schemes and deadlines, %llu seeds, %zu of %td judged targets missed, %td "
        "left to --full; %s\n",
        results.size(), static_cast<unsigned long long>(form.seeds), missed, judged,
        std::ssize(targets) - judged, speed_text(simulated, speed).c_str());
  }
  return options.check && missed > 0 ? 1 : 0;
}

}  // namespace
}  // namespace usbgw::benchmarks

int main(int count, char** arguments) {
  using namespace usbgw::benchmarks;
  return report(parse_options(count, arguments, "deadline: misses of every repair scheme"));
}
