// Monitoring latency: device, application, device, through usbgw and on a local bus.
// A duplex client with linked streams, as jackd, plays what it records; the device times its own
// counter.
//
// Targets, clean LAN and machine A: at most 10 ms at 64x2 and 7 ms at 32x2, always, and no XRUN
// once both streams run.
//
// No gateway can do better than the local bus plus the round trip, plus J each way where playout
// is constant: PHYSICS.
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>

#include "app/text_table.h"
#include "benchmarks/timing/local_audio.h"
#include "benchmarks/timing/machines.h"
#include "benchmarks/timing/options.h"
#include "benchmarks/timing/programs.h"
#include "simulation/audio_system.h"
#include "simulation/parallel.h"

namespace usbgw::benchmarks {
namespace {

using namespace std::chrono_literals;
using simulation::AudioCase;
using simulation::AudioFigures;
using simulation::AudioSystem;
using simulation::run_parallel;
using simulation::speed_text;
using simulation::tuning_with;

constexpr double kShortSeconds = 60;
constexpr double kFullSeconds = 3600;
// The card has been there for longer than the path takes to be measured.
constexpr Duration kOpenAfter = 1s;
// Streams open, the client starts over until both run: not measured.
constexpr Duration kSettling = kOpenAfter + 2s;
// In D_out for the wake-ups of both sides (iso_out_pacer.cpp).
constexpr Duration kOutWakeUps = 250us;

struct Case {
  std::string name;
  AudioCase audio;
  bool is_local = false;
  std::optional<Duration> most;  // target
  // Figures.
  AudioFigures figures;
  std::int64_t p50 = 0, p99 = 0,
               max = 0;  // ns, from the device's interval to the device's interval
  std::uint64_t returned = 0;
  std::uint64_t starting_xruns = 0;  // while the streams opened
  std::uint64_t xruns = 0;           // since
  std::string missed;
};

AudioCase audio_case(std::uint32_t period, Duration delay, Duration jitter,
                     const simulation::MachineConfig& machine, std::uint64_t seed) {
  AudioCase audio;
  audio.period = period;
  audio.is_linked = true;
  audio.open_after = kOpenAfter;
  audio.network.delay = delay;
  audio.network.jitter = jitter;
  audio.machine = machine;
  audio.playout.mode = host::PlayoutMode::fixed;
  audio.playout.playout = jitter + 500us;
  audio.seed = seed;
  return audio;
}

std::vector<Case> make_cases(const ReportOptions& options, const Machines& machines) {
  std::vector<Case> cases;
  CaseFilter filter("monitor", options);
  std::uint64_t seed = options.seed;
  for (const std::uint32_t period : {32u, 64u, 128u}) {
    const std::string client = std::to_string(period) + "x2";
    const auto target = period == 32   ? std::optional<Duration>(7ms)
                        : period == 64 ? std::optional<Duration>(10ms)
                                       : std::nullopt;
    const auto add = [&](const char* where, Duration delay, Duration jitter,
                         const simulation::MachineConfig& machine, bool is_local,
                         std::optional<Duration> most) {
      Case c;
      c.name = client + ", " + where;
      c.audio = audio_case(period, delay, jitter, machine, seed++);
      c.audio.tuning = tuning_with(options.transfer_us);
      c.is_local = is_local;
      c.most = most;
      // The others are compared with the local bus.
      if (filter.takes(c.name) || is_local) cases.push_back(std::move(c));
    };
    add("local bus", {}, {}, {}, true, std::nullopt);
    add("clean LAN, A", 250us, {}, machines.a, false, target);
    add("clean LAN, B", 250us, {}, machines.b, false, std::nullopt);
    add("RTT 8, A", 4ms, {}, machines.a, false, std::nullopt);
    add("RTT 8 J 4, A", 4ms, 4ms, machines.a, false, std::nullopt);
  }
  filter.require_any();
  return cases;
}

std::uint64_t xruns_of(const simulation::AudioDriverModel& driver) {
  return driver.playback_xruns() + driver.capture_xruns();
}

template <class System>
void measure(Case& c, System& system, Duration length) {
  system.run_for(kSettling);
  system.tap().forget_latencies();
  c.starting_xruns = xruns_of(system.driver());
  system.run_for(length);
  c.xruns = xruns_of(system.driver()) - c.starting_xruns;
  const Histogram& round_trip = system.tap().returned();
  c.p50 = round_trip.quantile(0.5);
  c.p99 = round_trip.quantile(0.99);
  c.max = round_trip.max();
  c.returned = round_trip.count();
}

// Every interval of the device has to come back.
bool came_back(const Case& c, Duration length) {
  return c.returned * 100 >= static_cast<std::uint64_t>(length / 125us) * 99;
}

void run(Case& c, Duration length) {
  Monitor client;
  if (c.is_local) {
    LocalAudio local(c.audio, client);
    measure(c, local, length);
  } else {
    AudioSystem system(c.audio, client);
    measure(c, system, length);
    c.figures = system.figures();
    if (!c.figures.violations.empty()) c.missed = c.figures.violations.front();
  }
  const bool is_judged = c.is_local || c.most;
  if (is_judged && !came_back(c, length)) c.missed = "did not come back";
  if (is_judged && c.xruns > 0) c.missed = "XRUNs";
  if (c.most && c.max > c.most->count()) c.missed = "latency";
}

std::string ms(std::int64_t nanoseconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", static_cast<double>(nanoseconds) * 1e-6);
  return text;
}

const Case& local_of(const std::vector<Case>& cases, std::uint32_t period) {
  const auto local = std::find_if(cases.begin(), cases.end(), [&](const Case& c) {
    return c.is_local && c.audio.period == period;
  });
  USBGW_ASSERT(local != cases.end());
  return *local;
}

// What is left of the latency when every known term is taken off: wake-ups, and the phase of the
// driver's URBs and periods against the device's intervals.
struct Terms {
  Duration local{}, base_in{}, d_in{}, base_out{}, d_out{}, ahead{}, rest{}, physics{};
};

Terms terms_of(const Case& c, const Case& local) {
  const auto& f = c.figures;
  Terms terms;
  terms.local = Duration{local.max};
  terms.base_in = f.in.base;
  terms.d_in = f.in.playout;
  terms.base_out = f.out.base;
  terms.ahead = f.submit_ahead;
  terms.d_out = f.out.playout - f.submit_ahead - kOutWakeUps;
  terms.rest = Duration{c.max} - terms.local - terms.base_in - terms.d_in - terms.base_out -
               terms.d_out - terms.ahead - kOutWakeUps;
  terms.physics = terms.local + 2 * (c.audio.network.delay + c.audio.network.jitter);
  return terms;
}

void print_table(const std::vector<Case>& cases) {
  app::TextTable table({"CASE", "P50", "P99", "MAX", "TARGET", "PHYSICS", "= LOCAL", "+ BASE IN",
                        "+ D IN", "+ BASE OUT", "+ D OUT", "+ AHEAD", "+ WAKE-UPS", "+ REST",
                        "XRUNS", "STARTING", "MISSES", "SEED", ""});
  for (const Case& c : cases) {
    const Terms terms = terms_of(c, local_of(cases, c.audio.period));
    const auto gateway = [&](Duration value) {
      return c.is_local ? std::string() : ms(value.count());
    };
    table.add({c.name, ms(c.p50), ms(c.p99), ms(c.max), c.most ? ms(c.most->count()) : "",
               gateway(terms.physics), gateway(terms.local), gateway(terms.base_in),
               gateway(terms.d_in), gateway(terms.base_out), gateway(terms.d_out),
               gateway(terms.ahead), gateway(kOutWakeUps), gateway(terms.rest),
               std::to_string(c.xruns), std::to_string(c.starting_xruns),
               std::to_string(c.figures.misses()), std::to_string(c.audio.seed),
               !c.missed.empty() ? "MISSED: " + c.missed
               : c.most          ? "met"
                                 : ""});
  }
  std::printf("%s", table.text().c_str());
}

nlohmann::json json_of(const Case& c) {
  const auto& f = c.figures;
  return {{"name", c.name},
          {"seed", c.audio.seed},
          {"p50_ns", c.p50},
          {"p99_ns", c.p99},
          {"max_ns", c.max},
          {"base_ns", f.in.base.count()},
          {"d_in_ns", f.in.playout.count()},
          {"d_out_ns", f.out.playout.count()},
          {"submitted_ahead_ns", f.submit_ahead.count()},
          {"in_added_max_ns", f.in.added_max},
          {"out_added_max_ns", f.out.added_max},
          {"xruns", c.xruns},
          {"starting_xruns", c.starting_xruns},
          {"misses", f.misses()},
          {"missed", c.missed}};
}

int report(const ReportOptions& options) {
  if (!options.measure.empty()) return write_measured(options);
  const Machines machines = machines_of(options, 5s);
  auto cases = make_cases(options, machines);
  const double seconds =
      options.seconds > 0 ? options.seconds : (options.full ? kFullSeconds : kShortSeconds);
  const auto length = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
  const auto speed =
      run_parallel("monitor", cases.size(), [&](std::size_t i) { run(cases[i], length); });
  const std::string simulated = speed_text(seconds * static_cast<double>(cases.size()), speed);
  std::size_t missed = 0;
  nlohmann::json all = nlohmann::json::array();
  for (const Case& c : cases) {
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
    std::printf(
        "%s\nhigh speed; ms from the device's interval that sent a frame to the one that played "
        "it, "
        "and what the maximum is made of.\nPHYSICS: the local bus and twice the one-way delay with "
        "its J. STARTING: XRUNs before both streams ran.\n",
        machines.text.c_str());
    print_table(cases);
    std::printf("monitor: %zu cases of %.0f s, %zu targets missed; %s\n", cases.size(), seconds,
                missed, simulated.c_str());
  }
  return options.check && missed > 0 ? 1 : 0;
}

}  // namespace
}  // namespace usbgw::benchmarks

int main(int count, char** arguments) {
  using namespace usbgw::benchmarks;
  return report(parse_options(count, arguments, "monitor: device to application to device"));
}
