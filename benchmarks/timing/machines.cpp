#include "benchmarks/timing/machines.h"

#include <cstdio>

#include "app/wake_up_probe.h"

namespace usbgw::benchmarks {
namespace {

constexpr Duration kLookEvery = std::chrono::microseconds(100);  // workers.idle_sleep
constexpr Duration kMostLateA = std::chrono::microseconds(60);
constexpr int kPriority = 50;

double us(std::int64_t nanoseconds) {
  return static_cast<double>(nanoseconds) * 1e-3;
}

}  // namespace

Machines measure_machines(Duration length) {
  Machines machines;
  auto measured = app::measure_wake_ups(length, kPriority);
  const bool is_realtime = measured.has_value();
  if (!is_realtime) measured = app::measure_wake_ups(length, 0);
  const Histogram& lateness = measured->histogram();
  machines.a = {simulation::WakeUpLateness::uniform(kMostLateA), kLookEvery};
  machines.b = {simulation::WakeUpLateness::measured(lateness), kLookEvery};
  char text[512];
  std::snprintf(text, sizeof text,
                "A: a thread wakes at most %.0f us late (uniform); B: as this machine now, %s, "
                "%llu sleeps: p50 "
                "%.0f p99 %.0f p99.9 %.0f max %.0f us late; both look at their port every %.0f us",
                us(kMostLateA.count()), is_realtime ? "SCHED_FIFO" : "SCHED_OTHER",
                static_cast<unsigned long long>(lateness.count()), us(lateness.quantile(0.5)),
                us(lateness.quantile(0.99)), us(lateness.quantile(0.999)), us(lateness.max()),
                us(kLookEvery.count()));
  machines.text = text;
  machines.measured.merge(lateness);
  return machines;
}

}  // namespace usbgw::benchmarks
