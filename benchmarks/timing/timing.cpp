// How constant the playout is, and what it costs, on every network, machine and client.
// D is fixed at J + 0.5 ms, and adaptive from its default.
//
// Targets, on machine A: fixed D = J + 0.5 ms has no XRUN, no miss from the first interval on, and
// every frame in its place at both ends; adaptive ends at D <= J + 0.5 ms. Networks without a J,
// and machine B, are reported.
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>

#include "app/text_table.h"
#include "benchmarks/timing/latency_plot.h"
#include "benchmarks/timing/machines.h"
#include "benchmarks/timing/options.h"
#include "simulation/audio_system.h"
#include "simulation/counter_player.h"
#include "simulation/parallel.h"

namespace usbgw::benchmarks {
namespace {

using namespace std::chrono_literals;
using simulation::AudioCase;
using simulation::AudioFigures;
using simulation::AudioSystem;
using simulation::CounterPlayer;
using simulation::DelayVariation;
using simulation::ImpairmentProfile;
using simulation::run_parallel;
using simulation::speed_text;
using simulation::StreamFigures;
using simulation::tuning_with;

constexpr double kShortSeconds = 120;
constexpr double kFullSeconds = 3600;
constexpr Duration kOverJitter = 500us;
constexpr Duration kOpening = 500ms;  // until both streams run, at most
constexpr std::uint32_t kPlottedPeriod = 64;
constexpr Duration kSlack = 1us;  // D is kept in nanoseconds

struct Network {
  const char* name;
  ImpairmentProfile profile;
  std::optional<Duration> jitter;  // J
  double bus_ppm = 0;
};

ImpairmentProfile plain(Duration delay, Duration jitter) {
  ImpairmentProfile profile;
  profile.delay = delay;
  profile.jitter = jitter;
  return profile;
}

ImpairmentProfile slots(Duration slot_delay, Duration slot_jitter) {
  ImpairmentProfile profile = plain(250us, {});
  profile.variation = DelayVariation::slots;
  profile.slot_delay = slot_delay;
  profile.slot_jitter = slot_jitter;
  return profile;
}

// One way 3 ms plus 1 ms in the mean, at most 7.5 ms: round trips of 8 ms in the mean, 15 at most.
ImpairmentProfile studio() {
  ImpairmentProfile profile = plain(3ms, 4500us);
  profile.variation = DelayVariation::exponential;
  profile.variation_mean = 1ms;
  return profile;
}

std::vector<Network> networks() {
  const auto lan = plain(250us, {});
  return {
      {"clean", plain({}, {}), 0ms},
      {"RTT 0.5", lan, 0ms},
      {"RTT 8 J 4", plain(4ms, 4ms), 4ms},
      {"Wi-Fi slots", slots(100us, 3ms), std::nullopt},
      {"ugly wired slots", slots(200us, 300us), std::nullopt},
      {"RTT 8 to 15", studio(), std::nullopt},
      {"RTT 0.5 +100 ppm", lan, 0ms, 100},
      {"RTT 0.5 -100 ppm", lan, 0ms, -100},
      {"RTT 0.5 +500 ppm", lan, 0ms, 500},
      {"RTT 0.5 -500 ppm", lan, 0ms, -500},
  };
}

struct TimingCase {
  Network network;
  char machine = 'A';
  bool is_fixed = false;
  AudioCase audio;
  std::string name;
  AudioFigures figures;
  std::vector<std::int64_t> in_curve, out_curve;  // see latency_plot.h
  std::string missed;                             // which target
};

std::string name_of(const TimingCase& c) {
  return std::string(c.network.name) + ", " + c.machine + ", " + c.audio.device + " " +
         std::to_string(c.audio.period) + "x" + std::to_string(c.audio.periods) +
         (c.is_fixed ? ", fixed" : ", adaptive");
}

std::vector<TimingCase> make_cases(const ReportOptions& options, const Machines& machines) {
  std::vector<TimingCase> cases;
  CaseFilter filter("timing", options);
  std::uint64_t seed = options.seed;
  for (const Network& network : networks()) {
    for (const char machine : {'A', 'B'}) {
      for (const std::uint32_t period : {32u, 64u, 128u}) {
        for (const bool is_fixed : {true, false}) {
          if (is_fixed && !network.jitter) continue;
          TimingCase c{network, machine, is_fixed, {}, {}, {}, {}, {}, {}};
          c.audio.period = period;
          c.audio.bus_ppm = network.bus_ppm;
          c.audio.network = network.profile;
          c.audio.machine = machine == 'A' ? machines.a : machines.b;
          c.audio.tuning = tuning_with(options.transfer_us);
          c.audio.seed = seed++;
          if (is_fixed) {
            c.audio.playout.mode = host::PlayoutMode::fixed;
            c.audio.playout.playout = *network.jitter + kOverJitter;
          }
          c.name = name_of(c);
          if (filter.takes(c.name)) cases.push_back(std::move(c));
        }
      }
    }
  }
  filter.require_any();
  return cases;
}

// Nearly all frames that the device's clock makes in that time, one way and the other.
bool has_run(const TimingCase& c, Duration length) {
  const double frames = std::chrono::duration<double>(length - kOpening).count() * 48'000 * 0.99;
  return static_cast<double>(std::min(c.figures.frames_in, c.figures.frames_out)) >= frames;
}

std::string judge(const TimingCase& c, Duration length) {
  if (!c.figures.violations.empty()) return c.figures.violations.front();
  if (c.machine != 'A' || !c.network.jitter) return {};
  if (c.is_fixed) {
    if (c.figures.xruns() > 0) return "XRUNs";
    if (c.figures.misses() > 0) return "misses";
    if (c.figures.breaks_in + c.figures.breaks_out > 0) return "frames out of place";
    if (c.figures.in.playout != *c.network.jitter + kOverJitter) return "D moved";
    if (!has_run(c, length)) return "frames missing";
    return {};
  }
  const Duration most = *c.network.jitter + kOverJitter + kSlack;
  if (c.figures.in.playout > most) return "D of IN";
  if (c.figures.out.playout - c.figures.submit_ahead > most + 250us) return "D of OUT";
  return {};
}

void run(TimingCase& c, Duration length) {
  CounterPlayer program(48'000);
  AudioSystem system(c.audio, program);
  system.run_for(length);
  c.figures = system.figures();
  c.in_curve = latency_curve(system.tap().in_added());
  c.out_curve = latency_curve(system.tap().out_added());
  c.missed = judge(c, length);
}

std::string ms(Duration duration) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", to_milliseconds(duration));
  return text;
}

std::string ms4(const StreamFigures& stream) {
  char text[80];
  std::snprintf(
      text, sizeof text, "%.2f %.2f %.2f %.2f", static_cast<double>(stream.added_p50) * 1e-6,
      static_cast<double>(stream.added_p99) * 1e-6, static_cast<double>(stream.added_p999) * 1e-6,
      static_cast<double>(stream.added_max) * 1e-6);
  return text;
}

std::string two(std::uint64_t a, std::uint64_t b) {
  return std::to_string(a) + " " + std::to_string(b);
}

void print_table(const std::vector<TimingCase>& cases) {
  app::TextTable table({"NETWORK", "M", "CLIENT", "D IS", "BASE", "D IN", "D OUT",
                        "IN ADDED P50 P99 P99.9 MAX", "OUT ADDED P50 P99 P99.9 MAX", "MISSES",
                        "XRUNS", "LEAD-IN", "SEED", "TARGET"});
  for (const TimingCase& c : cases) {
    const auto& f = c.figures;
    const bool has_target = c.machine == 'A' && c.network.jitter.has_value();
    table.add({c.network.name, std::string(1, c.machine), std::to_string(c.audio.period) + "x2",
               c.is_fixed ? "fixed" : "adaptive", ms(f.in.base), ms(f.in.playout),
               ms(f.out.playout), ms4(f.in), ms4(f.out), two(f.in.misses, f.out.misses),
               two(f.capture_xruns, f.playback_xruns), two(f.in.lead_in, f.out.lead_in),
               std::to_string(c.audio.seed),
               !c.missed.empty() ? "MISSED: " + c.missed
               : has_target      ? "met"
                                 : "none"});
  }
  std::printf("%s", table.text().c_str());
}

nlohmann::json json_of(const StreamFigures& stream) {
  return {{"base_ms", to_milliseconds(stream.base)},
          {"d_ms", to_milliseconds(stream.playout)},
          {"raises", stream.raises},
          {"added_p50_ns", stream.added_p50},
          {"added_p99_ns", stream.added_p99},
          {"added_p999_ns", stream.added_p999},
          {"added_max_ns", stream.added_max},
          {"misses", stream.misses},
          {"lead_in", stream.lead_in}};
}

nlohmann::json json_of(const TimingCase& c) {
  return {{"network", c.network.name},
          {"machine", std::string(1, c.machine)},
          {"device", c.audio.device},
          {"period", c.audio.period},
          {"periods", c.audio.periods},
          {"playout", c.is_fixed ? "fixed" : "adaptive"},
          {"seed", c.audio.seed},
          {"in", json_of(c.figures.in)},
          {"out", json_of(c.figures.out)},
          {"capture_xruns", c.figures.capture_xruns},
          {"playback_xruns", c.figures.playback_xruns},
          {"missed", c.missed}};
}

// Where D is fixed: what a musician would choose.
std::vector<LatencyCurve> curves_of(const std::vector<TimingCase>& cases) {
  std::vector<LatencyCurve> curves;
  for (const TimingCase& c : cases) {
    if (!c.is_fixed || c.audio.period != kPlottedPeriod || c.network.bus_ppm != 0) continue;
    const std::string name = std::string(c.network.name) + " " + c.machine;
    curves.push_back({name + " IN", c.in_curve});
    curves.push_back({name + " OUT", c.out_curve});
  }
  return curves;
}

int report(const ReportOptions& options) {
  if (!options.measure.empty()) return write_measured(options);
  const Machines machines = machines_of(options, 5s);
  auto cases = make_cases(options, machines);
  const double seconds =
      options.seconds > 0 ? options.seconds : (options.full ? kFullSeconds : kShortSeconds);
  const auto length = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
  const auto speed =
      run_parallel("timing", cases.size(), [&](std::size_t i) { run(cases[i], length); });
  const std::string simulated = speed_text(seconds * static_cast<double>(cases.size()), speed);
  std::size_t missed = 0;
  nlohmann::json all = nlohmann::json::array();
  for (const TimingCase& c : cases) {
    missed += c.missed.empty() ? 0u : 1u;
    all.push_back(json_of(c));
  }
  if (options.json) {
    const nlohmann::json whole = {{"machines", machines.text},
                                  {"seconds_each", seconds},
                                  {"speed", simulated},
                                  {"cases", all},
                                  {"missed", missed}};
    std::printf("%s\n", whole.dump(2).c_str());
  } else {
    std::printf("%s\nADDED: ms more than on a local bus. MISSES, XRUNS: IN, OUT.\n",
                machines.text.c_str());
    print_table(cases);
    std::printf("timing: %zu cases of %.0f s, %zu targets missed; %s\n", cases.size(), seconds,
                missed, simulated.c_str());
  }
  if (!options.plot.empty()) {
    const std::string plot = write_latency_plot(curves_of(cases), options.plot);
    if (plot.empty()) {
      std::fprintf(stderr, "timing: cannot write to %s\n", options.plot.c_str());
      return 1;
    }
    std::fprintf(stderr, "timing: plot %s\n", plot.c_str());
  }
  return options.check && missed > 0 ? 1 : 0;
}

}  // namespace
}  // namespace usbgw::benchmarks

int main(int count, char** arguments) {
  using namespace usbgw::benchmarks;
  return report(parse_options(count, arguments, "timing: constant playout and its latency"));
}
