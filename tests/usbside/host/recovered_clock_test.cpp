#include "usbside/host/recovered_clock.h"

#include <gtest/gtest.h>

#include <cmath>

#include "common/random.h"

namespace usbgw::host {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr Duration kInterval = milliseconds(1);

Instant true_time(std::int64_t index, double ppm) {
  return Instant{std::chrono::hours(1)} +
         Duration{std::llround(static_cast<double>(index) * 1e6 * (1 + ppm * 1e-6))};
}

// Feeds one stamp every `step` intervals, each late by up to `jitter`.
void feed(RecoveredClock& clock, Random& random, std::int64_t from, std::int64_t to, double ppm,
          Duration jitter, std::int64_t step = 1) {
  for (std::int64_t i = from; i < to; i += step) {
    const auto late = random.below(static_cast<std::uint64_t>(jitter.count()) + 1);
    EXPECT_TRUE(clock.observe(i, true_time(i, ppm) + Duration{late}));
  }
}

TEST(RecoveredClock, FirstStamp_GivesTheNominalSchedule) {
  RecoveredClock clock(kInterval);
  clock.observe(100, Instant{milliseconds(5000)});
  EXPECT_EQ(clock.time_of(100), Instant{milliseconds(5000)});
  EXPECT_EQ(clock.time_of(107), Instant{milliseconds(5007)});
  EXPECT_EQ(clock.first_at_or_after(Instant{milliseconds(5003)}), 103);
  EXPECT_EQ(clock.first_at_or_after(Instant{milliseconds(5003) + Duration{1}}), 104);
}

TEST(RecoveredClock, DriftUnderJitter_LocksToTheBus) {
  for (const double ppm : {-300.0, -100.0, 0.0, 35.0, 100.0, 300.0}) {
    Random random(11);
    RecoveredClock clock(kInterval);
    feed(clock, random, 0, 20000, ppm, milliseconds(1), 4);  // 250 reports a second
    EXPECT_TRUE(clock.is_locked());
    EXPECT_NEAR(clock.rate_ppm(), ppm, 5.0);
    double squares = 0;
    for (std::int64_t i = 20000; i < 40000; i += 4) {
      const double error =
          static_cast<double>((clock.time_of(i) - true_time(i, ppm)).count()) / 1e3;
      squares += error * error;
      feed(clock, random, i, i + 1, ppm, milliseconds(1));
    }
    EXPECT_LT(std::sqrt(squares / 5000), 50.0) << "us rms at " << ppm << " ppm";
  }
}

TEST(RecoveredClock, ScheduleIsMonotoneAndSmooth_FromTheFirstStampOn) {
  Random random(5);
  RecoveredClock clock(kInterval);
  Instant last{};
  for (std::int64_t i = 0; i < 10000; ++i) {
    feed(clock, random, i, i + 1, 200, milliseconds(3));
    const Instant at = clock.time_of(i);
    if (i > 0) {
      EXPECT_GT(at, last + Duration{990'000}) << i;
      EXPECT_LT(at, last + Duration{1'010'000}) << i;
    }
    last = at;
  }
}

TEST(RecoveredClock, ReportsStop_RunsOn) {
  Random random(6);
  RecoveredClock clock(kInterval);
  feed(clock, random, 0, 20000, 80, microseconds(200));
  const auto error = clock.time_of(25000) - true_time(25000, 80);
  EXPECT_LT(std::chrono::abs(error), microseconds(100));
}

TEST(RecoveredClock, OneAbsurdStamp_IsIgnored) {
  Random random(7);
  RecoveredClock clock(kInterval);
  feed(clock, random, 0, 5000, 0, microseconds(100));
  const Instant before = clock.time_of(6000);
  EXPECT_FALSE(clock.observe(5000, true_time(5000, 0) + std::chrono::seconds(10)));
  EXPECT_FALSE(clock.observe(5'000'000, true_time(5000, 0)));
  EXPECT_EQ(clock.time_of(6000), before);
  EXPECT_EQ(clock.newest_index(), 4999);
}

TEST(RecoveredClock, NumberingThatHasJumped_IsTakenUpAgain) {
  Random random(8);
  RecoveredClock clock(kInterval);
  feed(clock, random, 0, 5000, 0, microseconds(100));
  for (std::int64_t i = 0; i < 100; ++i) {
    clock.observe(i, true_time(50000 + i, 0));
  }
  EXPECT_EQ(clock.steps(), 1u);
  EXPECT_LT(std::chrono::abs(clock.time_of(200) - true_time(50200, 0)), microseconds(200));
}

TEST(RecoveredClock, PhaseStepOfTheBus_IsFollowed) {
  Random random(9);
  RecoveredClock clock(kInterval);
  feed(clock, random, 0, 10000, 0, microseconds(100));
  for (std::int64_t i = 10000; i < 20000; ++i) {
    clock.observe(i, true_time(i, 0) + milliseconds(40));
  }
  const auto error = clock.time_of(20000) - true_time(20000, 0) - milliseconds(40);
  EXPECT_LT(std::chrono::abs(error), microseconds(500));
}

TEST(RecoveredClock, RateIsClamped) {
  Random random(10);
  RecoveredClock clock(kInterval);
  feed(clock, random, 0, 20000, 5000, microseconds(10));
  EXPECT_LE(std::abs(clock.rate_ppm()), 600.0);
}

}  // namespace
}  // namespace usbgw::host
