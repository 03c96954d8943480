#include "benchmarks/timing/machines.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "app/wake_up_probe.h"

namespace usbgw::benchmarks {
namespace {

constexpr Duration kMostLateA = std::chrono::microseconds(60);
constexpr int kPriority = 50;
constexpr double kMeasureSeconds = 5;

double us(std::int64_t nanoseconds) {
  return static_cast<double>(nanoseconds) * 1e-3;
}

struct Measured {
  Histogram lateness;  // ns
  std::string how;
};

Measured measure(Duration length) {
  auto measured = app::measure_wake_ups(length, kPriority);
  const bool is_realtime = measured.has_value();
  if (!is_realtime) measured = app::measure_wake_ups(length, 0);
  Measured result;
  result.lateness.merge(measured->histogram());
  result.how = is_realtime ? "SCHED_FIFO" : "SCHED_OTHER";
  return result;
}

Measured read_measured(const std::string& file) {
  try {
    const auto json = nlohmann::json::parse(std::ifstream(file));
    Measured result;
    result.how = json.at("how").get<std::string>();
    for (const auto& late : json.at("late_ns")) result.lateness.record(late.get<std::int64_t>());
    if (result.lateness.count() > 0) return result;
    std::fprintf(stderr, "%s: late_ns is empty; write the file with --measure\n", file.c_str());
  } catch (const nlohmann::json::exception& error) {
    std::fprintf(stderr, "%s: %s; write the file with --measure\n", file.c_str(), error.what());
  }
  std::exit(2);
}

}  // namespace

simulation::MachineConfig machine_a(const ReportOptions& options) {
  return {simulation::WakeUpLateness::uniform(kMostLateA),
          std::chrono::microseconds(options.look_us)};
}

Machines machines_of(const ReportOptions& options, Duration length) {
  const Measured measured =
      options.machine.empty() ? measure(length) : read_measured(options.machine);
  const Histogram& lateness = measured.lateness;
  const Duration look = std::chrono::microseconds(options.look_us);
  Machines machines;
  machines.a = machine_a(options);
  machines.b = {simulation::WakeUpLateness::measured(lateness), look};
  const std::string wake =
      options.look_us == 0 ? "are woken by datagrams"
                           : "look at their port every " + std::to_string(options.look_us) + " us";
  char text[512];
  std::snprintf(text, sizeof text,
                "A: a thread wakes at most %.0f us late (uniform); B: as %s, %s, %llu sleeps: p50 "
                "%.0f p99 %.0f p99.9 %.0f max %.0f us late; both %s",
                us(kMostLateA.count()),
                options.machine.empty() ? "this machine now" : options.machine.c_str(),
                measured.how.c_str(), static_cast<unsigned long long>(lateness.count()),
                us(lateness.quantile(0.5)), us(lateness.quantile(0.99)),
                us(lateness.quantile(0.999)), us(lateness.max()), wake.c_str());
  machines.text = text;
  machines.measured.merge(lateness);
  return machines;
}

int write_measured(const ReportOptions& options) {
  const double seconds = options.seconds > 0 ? options.seconds : kMeasureSeconds;
  const Measured measured =
      measure(std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds)));
  nlohmann::json late = nlohmann::json::array();
  for (std::uint64_t i = 1; i <= measured.lateness.count(); ++i) {
    late.push_back(measured.lateness.quantile(static_cast<double>(i) /
                                              static_cast<double>(measured.lateness.count())));
  }
  std::ofstream file(options.measure);
  file << nlohmann::json{{"how", measured.how}, {"late_ns", late}} << '\n';
  if (file.flush()) return 0;
  std::fprintf(stderr, "%s: cannot be written\n", options.measure.c_str());
  return 1;
}

}  // namespace usbgw::benchmarks
