// Two paths under duplex audio: either one cut for a second, both in turn, and loss on both.
//
// The whole system, 128x2, fixed D = 2 ms without any repair, machine A. After 2 s of sound the
// paths of a case are cut for 1 s, one after the other with 1 s between, which starts with the cut;
// then the sound goes on for --seconds. With loss, 0.7 % of each path's datagrams each way are lost
// all the time, independently.
//
// Targets: no interval concealed and none missing at the device, no break in the samples, no XRUN;
// the base is the slower path's. With loss on both: no more than 0.7 % of 0.7 % of the datagrams
// lost on both (by the 95 % bound; each holds up to 8 intervals, which are lost together), and no
// interval where copies are sent as well. The cut of an only path must be heard,
// or nothing here is to be believed.
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>

#include "app/text_table.h"
#include "benchmarks/timing/machines.h"
#include "benchmarks/timing/options.h"
#include "common/poisson.h"
#include "simulation/audio_system.h"
#include "simulation/counter_player.h"
#include "simulation/parallel.h"

namespace usbgw::benchmarks {
namespace {

using namespace std::chrono_literals;
using simulation::AudioCase;
using simulation::AudioFigures;
using simulation::AudioSystem;
using simulation::ImpairmentProfile;
using simulation::run_parallel;
using simulation::speed_text;

constexpr double kLoss = 0.007;
constexpr double kShortSeconds = 20;
constexpr double kFullSeconds = 600;
constexpr Duration kSettled = 2s;
constexpr Duration kCut = 1s;
constexpr Duration kBaseWithin = 150us;
constexpr std::uint64_t kPerDatagram = 8;  // transfers of 1 ms, intervals of 125 us

struct Delays {
  Duration first;
  std::optional<Duration> second;
};

struct Case {
  std::string name;
  Delays delays;
  std::vector<PathId> cuts;
  double loss = 0;
  bool has_copies = false;
  std::uint64_t seed = 1;
  // Figures, from when the sound had settled on.
  AudioFigures figures;
  std::uint64_t intervals = 0, concealed = 0, missing = 0, breaks = 0;
  std::array<double, kMaxPaths> first_share{};
  std::array<double, kMaxPaths> lost_share{};
  std::vector<std::string> missed;
  [[nodiscard]] bool is_control() const { return !delays.second; }
  [[nodiscard]] Duration slower() const {
    return std::max(delays.first, delays.second.value_or(Duration{}));
  }
};

std::string ms_text(Duration duration) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", static_cast<double>(duration.count()) * 1e-6);
  return text;
}

std::vector<Case> make_cases(const ReportOptions& options) {
  constexpr auto kFirst = PathId::first;
  constexpr auto kSecond = PathId::second;
  std::vector<Case> all;
  CaseFilter filter("twopath", options);
  std::uint64_t seed = options.seed;
  const auto add = [&](const std::string& what, const Delays& delays, std::vector<PathId> cuts,
                       double loss = 0, bool has_copies = false) {
    Case one;
    one.name = ms_text(delays.first) + (delays.second ? " and " + ms_text(*delays.second) : "") +
               " ms, " + what;
    one.delays = delays;
    one.cuts = std::move(cuts);
    one.loss = loss;
    one.has_copies = has_copies;
    one.seed = seed++;
    if (filter.takes(one.name)) all.push_back(std::move(one));
  };
  for (const Delays& delays : {Delays{250us, 250us}, Delays{250us, 4ms}, Delays{4ms, 250us}}) {
    add("cut of the first", delays, {kFirst});
    add("cut of the second", delays, {kSecond});
    add("cuts in turn", delays, {kFirst, kSecond, kFirst, kSecond, kSecond, kFirst});
    add("loss on both", delays, {}, kLoss);
    add("loss on both, copies", delays, {}, kLoss, true);
  }
  add("cut of the only one", {250us, std::nullopt}, {kFirst});
  filter.require_any();
  return all;
}

ImpairmentProfile network(Duration delay, double loss) {
  ImpairmentProfile profile;
  profile.delay = delay;
  profile.loss = loss;
  return profile;
}

AudioCase audio_of(const Case& one, const ReportOptions& options) {
  AudioCase audio;
  audio.period = 128;
  audio.bus_ppm = 50;
  audio.network = network(one.delays.first, one.loss);
  if (one.delays.second) audio.second_network = network(*one.delays.second, one.loss);
  audio.machine = machine_a(options);
  audio.playout.mode = host::PlayoutMode::fixed;
  audio.playout.playout = 2ms;
  audio.repair.copies = one.has_copies;
  audio.tuning = simulation::tuning_with(options.transfer_us);
  audio.seed = one.seed;
  return audio;
}

class Run {
 public:
  Run(Case& one, const ReportOptions& options)
      : case_(one), system_(audio_of(one, options), program_) {}

  void run(Duration length) {
    system_.run_for(kSettled);
    const Counts before = counts();
    for (const PathId path : case_.cuts) {
      set_loss(path, 1);
      system_.run_for(kCut);
      set_loss(path, case_.loss);
      system_.run_for(1s);
    }
    system_.run_for(length);
    const Counts after = counts();
    case_.intervals = after.intervals - before.intervals;
    case_.concealed = after.concealed - before.concealed;
    case_.missing = after.missing - before.missing;
    case_.breaks = after.breaks - before.breaks;
    take_shares();
    judge();
  }

 private:
  struct Counts {
    std::uint64_t intervals = 0, concealed = 0, missing = 0, breaks = 0;
  };
  Counts counts() {
    case_.figures = system_.figures();
    const AudioFigures& f = case_.figures;
    const auto& a = f.in.account;
    return {a.direct + a.repaired + a.retransmitted + a.concealed, a.concealed, f.out.misses,
            f.breaks_in + f.breaks_out};
  }
  void set_loss(PathId path, double loss) {
    auto& system = system_.system();
    for (auto* const way : {&system.to_host(path), &system.to_agent(path)}) {
      auto profile = way->profile();
      profile.loss = loss;
      way->set_profile(profile);
    }
  }
  // As the host sees it.
  void take_shares() {
    const auto& paths = system_.system().host().peers().front().paths;
    std::uint64_t all = 0;
    for (const auto& path : paths) all += path.first;
    for (std::size_t i = 0; i < paths.size(); ++i) {
      const auto share = [](std::uint64_t part, std::uint64_t whole) {
        return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
      };
      case_.first_share[i] = share(paths[i].first, all);
      case_.lost_share[i] = share(paths[i].lost, paths[i].compared);
    }
  }

  void judge() {
    const auto require = [&](bool is_met, const char* what) {
      if (!is_met) case_.missed.emplace_back(what);
    };
    const AudioFigures& f = case_.figures;
    require(f.violations.empty(), "violation");
    require(f.urb_errors == 0, "URB errors");
    if (case_.is_control()) {
      require(case_.concealed > 0 && case_.missing > 0 && case_.breaks > 0, "not heard");
      return;
    }
    require(f.xruns() == 0, "XRUNs");
    const Duration off = f.in.base - case_.slower();
    require(off >= -kBaseWithin && off <= kBaseWithin, "base");
    if (case_.loss > 0 && !case_.has_copies) {
      const auto datagrams = [](std::uint64_t intervals) {
        return (intervals + kPerDatagram - 1) / kPerDatagram;
      };
      const double most = kLoss * kLoss * static_cast<double>(datagrams(case_.intervals));
      require(poisson_lower(static_cast<double>(datagrams(case_.concealed))) <= most, "IN loss");
      require(poisson_lower(static_cast<double>(datagrams(case_.missing))) <= most, "OUT loss");
      return;
    }
    require(case_.concealed == 0, "concealed");
    require(case_.missing == 0, "missing");
    require(case_.breaks == 0, "breaks");
  }

  Case& case_;
  simulation::CounterPlayer program_{4};
  AudioSystem system_;
};

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", share * 100);
  return text;
}

std::string per_interval(std::uint64_t count, const Case& one) {
  char text[32];
  std::snprintf(
      text, sizeof text, "%llu (%.1e)", static_cast<unsigned long long>(count),
      static_cast<double>(count) / static_cast<double>(std::max(one.intervals, std::uint64_t{1})));
  return count == 0 ? "0" : text;
}

std::string join(const std::vector<std::string>& words) {
  std::string all;
  for (const auto& word : words) all += (all.empty() ? "" : ", ") + word;
  return all;
}

void print_table(const std::vector<Case>& cases) {
  app::TextTable table({"PATHS", "BASE", "INTERVALS", "CONCEALED", "MISSING", "BREAKS", "XRUNS",
                        "FIRST %", "LOST %", "SEED", "TARGET"});
  for (const Case& one : cases) {
    table.add(
        {one.name, ms_text(one.figures.in.base), std::to_string(one.intervals),
         per_interval(one.concealed, one), per_interval(one.missing, one),
         std::to_string(one.breaks), std::to_string(one.figures.xruns()),
         one.is_control() ? "" : percent(one.first_share[0]) + "/" + percent(one.first_share[1]),
         one.is_control() ? "" : percent(one.lost_share[0]) + "/" + percent(one.lost_share[1]),
         std::to_string(one.seed), one.missed.empty() ? "met" : "MISSED: " + join(one.missed)});
  }
  std::printf("%s", table.text().c_str());
}

nlohmann::json json_of(const Case& one) {
  return {{"name", one.name},
          {"seed", one.seed},
          {"base_ns", one.figures.in.base.count()},
          {"intervals", one.intervals},
          {"concealed", one.concealed},
          {"missing", one.missing},
          {"breaks", one.breaks},
          {"xruns", one.figures.xruns()},
          {"first_share", one.first_share},
          {"lost_share", one.lost_share},
          {"missed", one.missed}};
}

int report(const ReportOptions& options) {
  auto cases = make_cases(options);
  const double seconds =
      options.seconds > 0 ? options.seconds : (options.full ? kFullSeconds : kShortSeconds);
  const auto length = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
  const auto speed = run_parallel("twopath", cases.size(),
                                  [&](std::size_t i) { Run(cases[i], options).run(length); });
  double simulated = 0;
  std::size_t missed = 0;
  nlohmann::json all = nlohmann::json::array();
  for (const Case& one : cases) {
    simulated += seconds + 2 + 2 * static_cast<double>(one.cuts.size());
    missed += one.missed.size();
    all.push_back(json_of(one));
  }
  if (options.json) {
    const nlohmann::json whole = {{"seconds_each", seconds},
                                  {"speed", speed_text(simulated, speed)},
                                  {"cases", all},
                                  {"missed", missed}};
    std::printf("%s\n", whole.dump(2).c_str());
  } else {
    print_table(cases);
    std::printf("twopath: %zu cases, %zu targets missed; %s\n", cases.size(), missed,
                speed_text(simulated, speed).c_str());
  }
  return options.check && missed > 0 ? 1 : 0;
}

}  // namespace
}  // namespace usbgw::benchmarks

int main(int count, char** arguments) {
  using namespace usbgw::benchmarks;
  return report(parse_options(count, arguments, "twopath: two paths, either one cut under audio"));
}
