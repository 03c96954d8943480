#include "usbside/device/interval_clock.h"

#include <gtest/gtest.h>

#include "common/random.h"

namespace usbgw::device {
namespace {

constexpr Duration kInterval = std::chrono::microseconds(125);
constexpr std::int64_t kEach = 8;  // intervals a transfer

// A bus `ppm` fast against our clock whose completions are reaped late at random.
struct Bus {
  Instant at(std::int64_t index) {
    const double true_ns = static_cast<double>((index + 1) * kInterval.count()) * (1 - ppm * 1e-6);
    return Instant{std::chrono::seconds(5) + Duration{static_cast<std::int64_t>(true_ns)}} +
           std::chrono::microseconds(random.below(late_us));
  }
  double ppm = 0;
  std::uint64_t late_us = 1;
  Random random{3};
};

// As far as anybody knows, it completed when it was reaped.
IntervalClock::Completion in_time(Instant completed) {
  return {completed, completed};
}

TEST(IntervalClock, JitterAndDriftAreNoGap) {
  for (const double ppm : {-100.0, 0.0, 100.0}) {
    IntervalClock clock(kInterval);
    Bus bus{ppm, 3000};
    for (std::int64_t last = kEach - 1; last < 8000 * 60; last += kEach)
      ASSERT_EQ(clock.missing(last, in_time(bus.at(last)), false), 0) << ppm << " at " << last;
  }
}

TEST(IntervalClock, GapAfterADryRingIsFoundAtOnce) {
  for (const std::int64_t gap : {1, 2, 7, 800, 4000}) {
    IntervalClock clock(kInterval);
    Bus bus{50, 20};
    std::int64_t last = kEach - 1;
    for (; last < 8000; last += kEach)
      EXPECT_EQ(clock.missing(last, in_time(bus.at(last)), false), 0);
    EXPECT_EQ(clock.missing(last, in_time(bus.at(last + gap)), true), gap);
    for (int i = 0; i < 1000; ++i) {
      last += kEach;
      EXPECT_EQ(clock.missing(last + gap, in_time(bus.at(last + gap)), false), 0);
    }
  }
}

TEST(IntervalClock, DryRingWithoutAGapIsNone) {
  IntervalClock clock(kInterval);
  Bus bus{100, 20};
  for (std::int64_t last = kEach - 1; last < 80'000; last += kEach)
    ASSERT_EQ(clock.missing(last, in_time(bus.at(last)), true), 0);
}

// Every gap is measured at a completion that is reaped up to 3 ms late: what is counted too much
// must not add up.
TEST(IntervalClock, LateReapingAtManyGapsDoesNotAddUp) {
  IntervalClock clock(kInterval);
  Bus bus{30, 20};
  Random random(5);
  std::int64_t counted = kEach - 1;
  std::int64_t true_last = kEach - 1;
  std::int64_t worst = 0;
  for (int i = 0; i < 20'000; ++i) {
    const bool is_gap = i % 10 == 9;
    if (is_gap) true_last += static_cast<std::int64_t>(random.below(40));
    const Duration late = is_gap ? std::chrono::microseconds(random.below(3000)) : Duration{};
    counted += clock.missing(counted, in_time(bus.at(true_last) + late), is_gap);
    worst = std::max(worst, std::abs(counted - true_last));
    counted += kEach;
    true_last += kEach;
  }
  EXPECT_LE(worst, 26);  // 3 ms, once
}

// Polled every 100 us, but for stalls of up to 5 ms that may hide any completion: no index is ever
// ahead of the bus, and what was left out is found at the completions that follow.
TEST(IntervalClock, GapReapedLateIsCountedOnlyAsFarAsItIsCertain) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    IntervalClock clock(kInterval);
    Bus bus{-40, 1};
    Random random(seed);
    std::int64_t counted = kEach - 1;
    std::int64_t true_last = kEach - 1;
    int behind = 0;
    for (int i = 0; i < 20'000; ++i) {
      const bool is_gap = i % 50 == 49;
      if (is_gap) true_last += static_cast<std::int64_t>(random.below(40));
      const Instant completed = bus.at(true_last);
      const bool is_stalled = is_gap && random.chance(0.5);
      const auto step = std::chrono::microseconds(is_stalled ? 5000 : 100);
      const Instant reaped =
          completed + Duration{random.below(static_cast<std::uint64_t>(Duration{step}.count()))};
      counted += clock.missing(counted, {reaped - step, reaped}, is_gap);
      ASSERT_LE(counted, true_last) << i;
      if (counted < true_last - 1 && i % 50 == 10) ++behind;
      counted += kEach;
      true_last += kEach;
    }
    EXPECT_LE(behind, 4);
  }
}

TEST(IntervalClock, ShiftThatLastsIsFoundThoughTheRingWasFull) {
  IntervalClock clock(kInterval);
  Bus bus{100, 500};
  constexpr std::int64_t kGap = 40;
  std::int64_t last = kEach - 1;
  for (; last < 16'000; last += kEach)
    ASSERT_EQ(clock.missing(last, in_time(bus.at(last)), false), 0);
  std::int64_t found = 0;
  for (; last < 48'000; last += kEach)
    found += clock.missing(last + found, in_time(bus.at(last + kGap)), false);
  EXPECT_NEAR(static_cast<double>(found), kGap, 4);
}

TEST(IntervalClock, LateReapingForHalfASecondIsNoGap) {
  IntervalClock clock(kInterval);
  Bus bus{0, 50};
  for (std::int64_t last = kEach - 1; last < 40'000; last += kEach) {
    const bool is_late = last > 16'000 && last < 20'000;
    const Duration late = is_late ? Duration{std::chrono::milliseconds(20)} : Duration{};
    ASSERT_EQ(clock.missing(last, in_time(bus.at(last) + late), false), 0) << last;
  }
}

}  // namespace
}  // namespace usbgw::device
