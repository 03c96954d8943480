// Monitoring latency: device, application, device, through usbgw and on a local bus.
// A duplex client plays what it records; the device times its own counter.
//
// Targets, clean LAN and machine A: at most 10 ms at 64x2 and 7 ms at 32x2, always.
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>

#include "app/text_table.h"
#include "benchmarks/timing/audio_run.h"
#include "benchmarks/timing/machines.h"
#include "benchmarks/timing/options.h"
#include "benchmarks/timing/parallel.h"
#include "benchmarks/timing/programs.h"

namespace usbgw::benchmarks {
namespace {

using namespace std::chrono_literals;

constexpr double kShortSeconds = 60;
constexpr double kFullSeconds = 3600;
// Streams open, the client starts over until both run: not measured.
constexpr Duration kSettling = 2s;

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
  std::uint64_t silent_periods = 0, restarts = 0;
  std::uint64_t xruns = 0;
  std::string missed;
};

AudioCase audio_case(std::uint32_t period, Duration delay, Duration jitter,
                     const simulation::MachineConfig& machine, std::uint64_t seed) {
  AudioCase audio;
  audio.period = period;
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
      if (c.name.find(options.only) != std::string::npos) cases.push_back(std::move(c));
    };
    add("local bus", {}, {}, {}, true, std::nullopt);
    add("clean LAN, A", 250us, {}, machines.a, false, target);
    add("clean LAN, B", 250us, {}, machines.b, false, std::nullopt);
    add("RTT 8, A", 4ms, {}, machines.a, false, std::nullopt);
    add("RTT 8 J 4, A", 4ms, 4ms, machines.a, false, std::nullopt);
  }
  return cases;
}

template <class System>
void measure(Case& c, System& system, Monitor& client, Duration length) {
  system.run_for(kSettling);
  system.tap().forget_latencies();
  client.forget_counts();
  system.run_for(length);
  const Histogram& round_trip = system.tap().returned();
  c.p50 = round_trip.quantile(0.5);
  c.p99 = round_trip.quantile(0.99);
  c.max = round_trip.max();
  c.returned = round_trip.count();
  c.silent_periods = client.silent_periods();
  c.restarts = client.restarts();
}

void run(Case& c, Duration length) {
  Monitor client(c.audio.periods);
  if (c.is_local) {
    LocalAudio local(c.audio, client);
    measure(c, local, client, length);
    c.xruns = local.driver().playback_xruns() + local.driver().capture_xruns();
  } else {
    AudioSystem system(c.audio, client);
    measure(c, system, client, length);
    c.figures = system.figures();
    c.xruns = c.figures.xruns();
    if (!c.figures.violations.empty()) c.missed = c.figures.violations.front();
  }
  if (c.returned == 0) c.missed = "nothing came back";
  if (c.most && c.max > c.most->count()) c.missed = "latency";
  if (c.most && c.xruns > 0) c.missed = "XRUNs";
}

std::string ms(std::int64_t nanoseconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", static_cast<double>(nanoseconds) * 1e-6);
  return text;
}

const Case* local_of(const std::vector<Case>& cases, std::uint32_t period) {
  for (const Case& c : cases)
    if (c.is_local && c.audio.period == period) return &c;
  return nullptr;
}

// What the gateway adds, in the order of the way: base and D in, what the driver and the client
// take on any bus, then what D_out is made of, and base out.
void print_table(const std::vector<Case>& cases) {
  app::TextTable table({"CASE", "P50", "P99", "MAX", "TARGET", "LOCAL MAX", "BASE", "D IN",
                        "IN ADDED MAX", "SUBMITTED AHEAD", "D OUT - AHEAD", "OUT ADDED MAX",
                        "XRUNS", "SILENT PERIODS", "RESTARTS", "MISSES", "SEED", ""});
  for (const Case& c : cases) {
    const Case* const local = local_of(cases, c.audio.period);
    const auto& f = c.figures;
    const auto gateway = [&](std::int64_t value) { return c.is_local ? std::string() : ms(value); };
    table.add({c.name, ms(c.p50), ms(c.p99), ms(c.max), c.most ? ms(c.most->count()) : "",
               local == nullptr ? "" : ms(local->max), gateway(f.in.base.count()),
               gateway(f.in.playout.count()), gateway(f.in.added_max),
               gateway(f.submit_ahead.count()), gateway((f.out.playout - f.submit_ahead).count()),
               gateway(f.out.added_max), std::to_string(c.xruns), std::to_string(c.silent_periods),
               std::to_string(c.restarts), std::to_string(f.misses()), std::to_string(c.audio.seed),
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
          {"silent_periods", c.silent_periods},
          {"restarts", c.restarts},
          {"misses", f.misses()},
          {"missed", c.missed}};
}

int report(const ReportOptions& options) {
  const Machines machines = measure_machines(5s);
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
    std::printf("%s\nhigh speed; ms from the device's interval to the device's interval\n",
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
