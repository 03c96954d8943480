// A day of simulated audio: a drifting bus, an outage of the network every hour.
//
// Targets: every stream is back within 250 ms of an outage's end, both ways; latency returns to
// what it was; the interval accounting adds up: its sum is what the driver got, and what the driver
// got is what the bus had; no XRUN, no violation; nothing else breaks the samples.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/text_table.h"
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
using simulation::run_parallel;
using simulation::speed_text;
using simulation::tuning_with;

constexpr double kDaySeconds = 24 * 3600;
constexpr double kShortSeconds = 2400;
constexpr Duration kOutageEvery = 1h;
constexpr Duration kShortOutageEvery = 9min;
constexpr Duration kBackWithin = 250ms;
constexpr Duration kLevelWithin = 250us;
// Latency before and after an outage is that of this long.
constexpr Duration kLevelOver = 20s;
// After an outage: the longest that concealment and resynchronisation may be heard.
constexpr Duration kAfter = 2s;
constexpr std::array<Duration, 4> kOutages{50ms, 200ms, 1s, 5s};

struct Soak {
  std::string name;
  AudioCase audio;
  Duration outage_every{};
  // Figures.
  AudioFigures figures;
  std::uint64_t outages = 0;
  Duration slowest_in{}, slowest_out{};      // back after an outage's end
  std::int64_t level_in = 0, level_out = 0;  // ns: largest change of the median latency
  std::uint64_t stray_breaks = 0;            // of the samples, away from outages
  std::int64_t bus_intervals = 0, accounted = 0;
  std::vector<std::string> missed;
};

std::vector<Soak> make_soaks(const ReportOptions& options, const Machines& machines) {
  std::vector<Soak> soaks;
  CaseFilter filter("soak", options);
  std::uint64_t seed = options.seed;
  for (const char* const device : {"uac2", "uac1"}) {
    Soak soak;
    soak.audio.device = device;
    soak.audio.period = 128;
    soak.audio.bus_ppm = soak.audio.device == "uac2" ? 100 : -100;
    soak.audio.crystal_ppm = soak.audio.device == "uac2" ? -50 : 0;
    soak.audio.network.delay = 4ms;
    soak.audio.network.jitter = 4ms;
    soak.audio.machine = machines.a;
    soak.audio.playout.mode = host::PlayoutMode::fixed;
    soak.audio.playout.playout = 4500us;
    soak.audio.tuning = tuning_with(options.transfer_us);
    soak.audio.seed = seed++;
    soak.outage_every = options.full ? kOutageEvery : kShortOutageEvery;
    soak.name = soak.audio.device + (soak.audio.bus_ppm > 0 ? " +100 ppm" : " -100 ppm");
    if (filter.takes(soak.name)) soaks.push_back(std::move(soak));
  }
  filter.require_any();
  return soaks;
}

class Run {
 public:
  explicit Run(Soak& soak) : soak_(soak), system_(soak.audio, program_) {}

  void run(Duration length) {
    const Instant end = system_.now() + length;
    system_.run_for(10s);
    std::size_t which = 0;
    while (system_.now() + soak_.outage_every <= end) {
      quiet(soak_.outage_every - kOutages[which] - kAfter - 2 * kLevelOver);
      outage(kOutages[which]);
      which = (which + 1) % kOutages.size();
    }
    quiet(std::max<Duration>(end - system_.now(), 1ms));
    judge();
  }

 private:
  [[nodiscard]] std::uint64_t breaks() {
    return system_.tap().recorded().breaks() + system_.tap().heard().breaks();
  }
  void quiet(Duration duration) {
    const std::uint64_t before = breaks();
    system_.run_for(duration);
    soak_.stray_breaks += breaks() - before;
  }
  struct Level {
    std::int64_t in = 0, out = 0;
  };
  Level level() {
    system_.tap().forget_latencies();
    quiet(kLevelOver);
    return {system_.tap().in_added().quantile(0.5), system_.tap().out_added().quantile(0.5)};
  }

  void outage(Duration length) {
    const Level before = level();
    auto cut = soak_.audio.network;
    cut.loss = 1;
    system_.system().to_host().set_profile(cut);
    system_.system().to_agent().set_profile(cut);
    system_.run_for(length);
    system_.system().to_host().set_profile(soak_.audio.network);
    system_.system().to_agent().set_profile(soak_.audio.network);
    const Instant end = system_.now();
    system_.run_for(kAfter);
    soak_.slowest_in = std::max(soak_.slowest_in, system_.tap().recorded().last_break() - end);
    soak_.slowest_out = std::max(soak_.slowest_out, system_.tap().heard().last_break() - end);
    const Level after = level();
    soak_.level_in = std::max(soak_.level_in, std::abs(after.in - before.in));
    soak_.level_out = std::max(soak_.level_out, std::abs(after.out - before.out));
    ++soak_.outages;
  }

  void judge() {
    const std::uint64_t packets_before = system_.tap().packets_in();
    soak_.figures = system_.figures();
    system_.run_for(1ms);  // what the host had completed is at the driver
    const std::uint64_t packets_after = system_.tap().packets_in();
    const auto& account = soak_.figures.in.account;
    const std::uint64_t sum = account.direct + account.repaired + account.retransmitted +
                              account.concealed + account.device_gap + account.lead_in;
    // Every packet that a URB has brought since the first interval, and what nobody asked for.
    soak_.bus_intervals = system_.tap().bus_intervals();
    soak_.accounted =
        system_.tap().packets_until_newest() + static_cast<std::int64_t>(account.unlinked);
    const auto require = [&](bool is_met, const char* what) {
      if (!is_met) soak_.missed.emplace_back(what);
    };
    const auto& f = soak_.figures;
    require(f.violations.empty(), "violation");
    require(f.urb_errors == 0, "URB errors");
    require(f.xruns() == 0, "XRUNs");
    require(soak_.slowest_in <= kBackWithin, "IN back");
    require(soak_.slowest_out <= kBackWithin, "OUT back");
    require(soak_.level_in <= kLevelWithin.count(), "IN level");
    require(soak_.level_out <= kLevelWithin.count(), "OUT level");
    require(soak_.stray_breaks == 0, "stray breaks");
    require(soak_.bus_intervals == soak_.accounted, "accounting of the bus");
    require(packets_before <= sum && sum <= packets_after, "accounting of the driver");
  }

  Soak& soak_;
  CounterPlayer program_{48'000};
  AudioSystem system_;
};

std::string ms(std::int64_t nanoseconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", static_cast<double>(nanoseconds) * 1e-6);
  return text;
}

std::string join(const std::vector<std::string>& words) {
  std::string all;
  for (const auto& word : words) all += (all.empty() ? "" : ", ") + word;
  return all;
}

void print_table(const std::vector<Soak>& soaks) {
  app::TextTable table({"DEVICE", "OUTAGES", "IN BACK", "OUT BACK", "IN LEVEL", "OUT LEVEL", "PPM",
                        "STRAY BREAKS", "XRUNS", "BUS INTERVALS", "ACCOUNTED", "DIRECT", "REPAIRED",
                        "CONCEALED", "DEVICE GAP", "UNLINKED", "SEED", "TARGET"});
  for (const Soak& s : soaks) {
    const auto& a = s.figures.in.account;
    char ppm[16];
    std::snprintf(ppm, sizeof ppm, "%.1f", s.figures.in.clock_ppm);
    table.add({s.name, std::to_string(s.outages), ms(s.slowest_in.count()),
               ms(s.slowest_out.count()), ms(s.level_in), ms(s.level_out), ppm,
               std::to_string(s.stray_breaks), std::to_string(s.figures.xruns()),
               std::to_string(s.bus_intervals), std::to_string(s.accounted),
               std::to_string(a.direct), std::to_string(a.repaired + a.retransmitted),
               std::to_string(a.concealed), std::to_string(a.device_gap),
               std::to_string(a.unlinked), std::to_string(s.audio.seed),
               s.missed.empty() ? "met" : "MISSED: " + join(s.missed)});
  }
  std::printf("%s", table.text().c_str());
}

nlohmann::json json_of(const Soak& s) {
  const auto& a = s.figures.in.account;
  return {{"name", s.name},
          {"seed", s.audio.seed},
          {"outages", s.outages},
          {"in_back_ns", s.slowest_in.count()},
          {"out_back_ns", s.slowest_out.count()},
          {"in_level_ns", s.level_in},
          {"out_level_ns", s.level_out},
          {"stray_breaks", s.stray_breaks},
          {"xruns", s.figures.xruns()},
          {"bus_intervals", s.bus_intervals},
          {"accounted", s.accounted},
          {"direct", a.direct},
          {"repaired", a.repaired},
          {"retransmitted", a.retransmitted},
          {"concealed", a.concealed},
          {"device_gap", a.device_gap},
          {"unlinked", a.unlinked},
          {"lead_in", a.lead_in},
          {"missed", s.missed}};
}

int report(const ReportOptions& options) {
  if (!options.measure.empty()) return write_measured(options);
  const Machines machines = machines_of(options, 1s);
  auto soaks = make_soaks(options, machines);
  const double seconds =
      options.seconds > 0 ? options.seconds : (options.full ? kDaySeconds : kShortSeconds);
  const auto length = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
  const auto speed =
      run_parallel("soak", soaks.size(), [&](std::size_t i) { Run(soaks[i]).run(length); });
  const std::string simulated = speed_text(seconds * static_cast<double>(soaks.size()), speed);
  std::size_t missed = 0;
  nlohmann::json all = nlohmann::json::array();
  for (const Soak& s : soaks) {
    missed += s.missed.size();
    all.push_back(json_of(s));
  }
  if (options.json) {
    const nlohmann::json whole = {
        {"seconds_each", seconds}, {"speed", simulated}, {"runs", all}, {"missed", missed}};
    std::printf("%s\n", whole.dump(2).c_str());
  } else {
    std::printf(
        "128x2 at RTT 8 ms, J = 4 ms, fixed D = 4.5 ms, machine A; an outage of 0.05, 0.2, 1, 5 s "
        "in "
        "turn every %.0f min; ms\n",
        to_milliseconds(soaks.empty() ? Duration{} : soaks.front().outage_every) / 60'000);
    print_table(soaks);
    std::printf("soak: %zu runs of %.1f h, %zu targets missed; %s\n", soaks.size(), seconds / 3600,
                missed, simulated.c_str());
  }
  return options.check && missed > 0 ? 1 : 0;
}

}  // namespace
}  // namespace usbgw::benchmarks

int main(int count, char** arguments) {
  using namespace usbgw::benchmarks;
  return report(parse_options(count, arguments, "soak: a day with drift and hourly outages"));
}
