#include "app/wake_up_probe.h"

#include <pthread.h>
#include <sys/prctl.h>

#include <ctime>
#include <thread>

namespace usbgw::app {
namespace {

constexpr std::int64_t kStep = 1'000'000;
constexpr std::int64_t kSecond = 1'000'000'000;

std::int64_t monotonic_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * kSecond + now.tv_nsec;
}

void record_lateness(Duration length, Lateness& lateness) {
  std::int64_t due = monotonic_ns();
  for (std::int64_t left = length.count() / kStep; left > 0; --left) {
    due += kStep;
    timespec until{};
    until.tv_sec = due / kSecond;
    until.tv_nsec = due % kSecond;
    ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
    lateness.record(monotonic_ns() - due);
  }
}

}  // namespace

Result<Lateness> measure_wake_ups(Duration length, int priority) {
  Lateness lateness;
  int error = 0;
  std::thread sleeper([&] {
    if (priority > 0) {
      sched_param parameters{};
      parameters.sched_priority = priority;
      error = ::pthread_setschedparam(::pthread_self(), SCHED_FIFO, &parameters);
    }
    if (error == 0) record_lateness(length, lateness);
  });
  sleeper.join();
  if (error != 0) return fail(ErrorCode::refused, with_errno("SCHED_FIFO", error));
  return lateness;
}

Duration timer_slack() {
  return Duration{::prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0)};
}

}  // namespace usbgw::app
