#include "dataplane/session/arrival_line.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace usbgw::session {
namespace {

using namespace std::chrono_literals;

// Slow enough that a millisecond of jitter moves the line by 30 us.
constexpr double kLeastGain = 1.0 / 32;
// A stream that stood still for longer than this goes on from where it is.
constexpr Duration kPause = 20ms;
constexpr Duration kSpreadTime = 1s;
// No stream of ours is this slow; and products of it with a step stay far from overflow.
constexpr double kMostInterval = 1e8;
constexpr std::int64_t kMostStep = 1 << 20;

Duration to_duration(double ns) {
  return Duration{std::llround(ns)};
}

}  // namespace

void ArrivalLine::begin_at(std::int64_t number, Instant now) {
  number_ = number;
  time_ = now;
}

void ArrivalLine::add(std::int64_t number, Instant now) {
  const std::int64_t step = number - number_;
  if (step > kMostStep || step < -kMostStep) return begin_at(number, now);
  if (samples_ < 2) {
    if (samples_ == 1 && step <= 0) return;
    if (samples_ == 1)
      interval_ = std::min(static_cast<double>((now - time_).count()) / static_cast<double>(step),
                           kMostInterval);
    ++samples_;
    begin_at(number, now);
    return;
  }
  const Duration error = now - expected(number);
  if (std::chrono::abs(error) > kPause + 8 * interval()) {
    begin_at(number, now);
    return;
  }
  if (is_known()) note(error, now);
  const double gain = std::max(kLeastGain, 2.0 / (samples_ + 2.0));
  const auto ns = static_cast<double>(error.count());
  if (step > 0) {
    time_ = expected(number);
    number_ = number;
    const double steeper = gain * gain / (2 - gain) * ns / static_cast<double>(step);
    interval_ = std::clamp(interval_ + steeper, 0.0, kMostInterval);
  }
  time_ += to_duration(gain * ns);
  samples_ = std::min(samples_ + 1, 1'000'000u);
}

Instant ArrivalLine::expected(std::int64_t number) const {
  const std::int64_t step = std::clamp(number - number_, -kMostStep, kMostStep);
  return time_ + to_duration(static_cast<double>(step) * interval_);
}

void ArrivalLine::note(Duration error, Instant now) {
  if (now - spread_[0].since > kSpreadTime) spread_ = {Spread{now, {}, {}}, spread_[0]};
  spread_[0].late = std::max(spread_[0].late, error);
  spread_[0].early = std::max(spread_[0].early, -error);
}

Duration ArrivalLine::late() const {
  return std::max(spread_[0].late, spread_[1].late);
}

Duration ArrivalLine::early() const {
  return std::max(spread_[0].early, spread_[1].early);
}

}  // namespace usbgw::session
