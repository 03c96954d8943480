#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tests/usbside/host/stamped_bus.h"
#include "usbside/host/stream_clock.h"

namespace usbgw::host::test {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr double kDrifts[] = {-500, -200, -35, 0, 35, 200, 500};  // ppm; USB allows +-500
constexpr double kSteadyUs = 20;

StampedBus bus_at(double ppm, std::uint64_t seed) {
  StampedBus bus;
  bus.ppm = ppm;
  bus.random = Random(seed);
  return bus;
}

// A locked clock in its steady state.
RecoveredClock settled(StampedBus& bus) {
  RecoveredClock clock(bus.interval);
  bus.feed(clock, seconds(12));
  EXPECT_TRUE(clock.is_locked());
  return clock;
}

TEST(RecoveredClock, FirstStamp_GivesTheNominalSchedule) {
  RecoveredClock clock(milliseconds(1));
  clock.observe(100, Instant{milliseconds(5000)});
  EXPECT_EQ(clock.time_of(100), Instant{milliseconds(5000)});
  EXPECT_EQ(clock.time_of(107), Instant{milliseconds(5007)});
  EXPECT_EQ(clock.first_at_or_after(Instant{milliseconds(5003)}), 103);
  EXPECT_EQ(clock.first_at_or_after(Instant{milliseconds(5003) + Duration{1}}), 104);
}

TEST(RecoveredClock, LocksWithinTwoSeconds) {
  for (const double ppm : kDrifts) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      auto bus = bus_at(ppm, seed);
      RecoveredClock clock(bus.interval);
      bus.feed(clock, seconds(2));
      EXPECT_TRUE(clock.is_locked()) << ppm << " ppm, seed " << seed;
      EXPECT_LT(follow(clock, bus, seconds(1)).rms(), 100) << ppm << " ppm, seed " << seed;
      EXPECT_NEAR(clock.rate_ppm(), ppm, 50) << "seed " << seed;
    }
  }
}

TEST(RecoveredClock, SteadyErrorIsBelow20UsRms_UnbiasedUnderDrift) {
  for (const double ppm : kDrifts) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      auto bus = bus_at(ppm, seed);
      RecoveredClock clock = settled(bus);
      const Errors errors = follow(clock, bus, seconds(60));
      EXPECT_LT(errors.rms(), kSteadyUs) << ppm << " ppm, seed " << seed;
      EXPECT_LT(errors.worst, 3 * kSteadyUs) << ppm << " ppm, seed " << seed;
      EXPECT_NEAR(clock.rate_ppm(), ppm, 5) << "seed " << seed;
      EXPECT_EQ(clock.steps(), 0u);
    }
  }
}

TEST(RecoveredClock, HighSpeedIntervals_AreAsSteady) {
  auto bus = bus_at(-300, 3);
  bus.interval = microseconds(125);
  bus.every = 16;  // 500 a second
  RecoveredClock clock = settled(bus);
  EXPECT_LT(follow(clock, bus, seconds(60)).rms(), kSteadyUs);
}

// An agent that shares its cores: the more its stamps scatter, the worse, but no worse than that.
TEST(RecoveredClock, JitterOf10Ms_ErrorGrowsInProportion) {
  for (const double ppm : kDrifts) {
    auto bus = bus_at(ppm, 4);
    bus.jitter = milliseconds(10);
    RecoveredClock clock = settled(bus);
    EXPECT_LT(follow(clock, bus, seconds(60)).rms(), 5 * kSteadyUs) << ppm << " ppm";
    EXPECT_NEAR(clock.rate_ppm(), ppm, 25);
  }
}

// Stamps both early and late by up to 1 ms: the clock lies a constant away from their middle, the
// same whatever the drift.
TEST(RecoveredClock, JitterBothWays_SteadyAboutAConstant) {
  std::vector<double> means;
  for (const double ppm : kDrifts) {
    auto bus = bus_at(ppm, 17);
    bus.delay = milliseconds(-1);
    RecoveredClock clock = settled(bus);
    const Errors errors = follow(clock, bus, seconds(60));
    EXPECT_LT(errors.deviation(), kSteadyUs) << ppm << " ppm";
    means.push_back(errors.mean());
  }
  EXPECT_LT(
      *std::max_element(means.begin(), means.end()) - *std::min_element(means.begin(), means.end()),
      kSteadyUs / 2);
}

// Each interval follows the last within 1 %, and no data of a stream that starts with the clock
// comes later than the jitter explains.
TEST(RecoveredClock, BeforeLock_ScheduleIsSmoothAndNoDataComesTooLate) {
  for (const double ppm : kDrifts) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      auto bus = bus_at(ppm, seed);
      bus.every = 1;
      RecoveredClock clock(bus.interval);
      Instant last{};
      for (std::int64_t i = 0; i < 3000; ++i) {
        const Instant stamp = bus.stamp(i);
        clock.observe(i, stamp);
        const Instant at = clock.time_of(i);
        ASSERT_LE(stamp, at + bus.jitter + microseconds(300)) << i << ", " << ppm << " ppm";
        ASSERT_LE(at, bus.true_time(i) + bus.jitter + microseconds(300)) << i << ", " << ppm;
        if (i > 0) {
          ASSERT_GT(at, last + microseconds(990)) << i << ", " << ppm << " ppm";
          ASSERT_LT(at, last + microseconds(1010)) << i << ", " << ppm << " ppm";
        }
        last = at;
      }
    }
  }
}

TEST(RecoveredClock, Outage_RunsOnAndIsSteadyAgainAtOnce) {
  for (const Duration outage : {Duration{milliseconds(60)}, Duration{milliseconds(700)},
                                Duration{seconds(3)}, Duration{seconds(30)}}) {
    for (const double ppm : kDrifts) {
      auto bus = bus_at(ppm, 5);
      RecoveredClock clock = settled(bus);
      bus.pause(outage);
      EXPECT_LT(std::abs(bus.error_us(clock, bus.next)), 40 + 3 * to_milliseconds(outage) / 1e3)
          << to_milliseconds(outage) << " ms, " << ppm << " ppm";
      bus.feed(clock, seconds(2));
      EXPECT_LT(follow(clock, bus, seconds(20)).rms(), kSteadyUs)
          << to_milliseconds(outage) << " ms, " << ppm << " ppm";
      EXPECT_EQ(clock.steps(), 0u);
    }
  }
}

TEST(RecoveredClock, OutageBeforeLock_LocksWithTwoSecondsOfStamps) {
  for (const double ppm : kDrifts) {
    auto bus = bus_at(ppm, 6);
    RecoveredClock clock(bus.interval);
    bus.feed(clock, milliseconds(700));
    bus.pause(milliseconds(900));
    bus.feed(clock, milliseconds(1300));
    EXPECT_TRUE(clock.is_locked());
    EXPECT_LT(follow(clock, bus, seconds(1)).rms(), 100) << ppm << " ppm";
  }
}

// A stalled agent reaps late; the bus has not moved.
TEST(RecoveredClock, StampsLateForAWhile_ClockHolds) {
  for (const Duration late : {Duration{microseconds(200)}, Duration{milliseconds(1)},
                              Duration{milliseconds(10)}, Duration{milliseconds(100)}}) {
    auto bus = bus_at(80, 7);
    RecoveredClock clock = settled(bus);
    Errors errors;
    for (int i = 0; i < 1200 / 4; ++i) {
      clock.observe(bus.next, bus.stamp(bus.next) + late);
      bus.next += bus.every;
      errors.add(bus.error_us(clock, bus.next));
      EXPECT_NEAR(clock.rate_ppm(), 80, 10);
    }
    EXPECT_LT(errors.rms(), kSteadyUs) << to_milliseconds(late) << " ms late";
    EXPECT_LT(follow(clock, bus, seconds(5)).rms(), kSteadyUs);
    EXPECT_EQ(clock.steps(), 0u);
  }
}

// From now on everything is stamped later: believed after a while, and reached without a change of
// rate, no interval longer than 1 %.
TEST(RecoveredClock, LastingDelayStep_IsReachedWithoutChasing) {
  for (const Duration late :
       {Duration{microseconds(500)}, Duration{milliseconds(3)}, Duration{milliseconds(12)}}) {
    auto bus = bus_at(-120, 8);
    RecoveredClock clock = settled(bus);
    bus.delay = late;
    Instant last = clock.time_of(bus.next - 1);
    for (const std::int64_t end = bus.next + 6000; bus.next < end; ++bus.next) {
      if (bus.next % bus.every == 0) clock.observe(bus.next, bus.stamp(bus.next));
      const Duration length = clock.time_of(bus.next) - last;
      ASSERT_GT(length, microseconds(990)) << bus.next;
      ASSERT_LT(length, microseconds(1010)) << bus.next;
      ASSERT_NEAR(clock.rate_ppm(), -120, 10) << bus.next;
      last = clock.time_of(bus.next);
    }
    EXPECT_LT(follow(clock, bus, seconds(10)).rms(), kSteadyUs) << to_milliseconds(late);
    EXPECT_EQ(clock.steps(), 0u);
  }
}

// The numbering has gained on the bus: intervals now complete earlier than they should.
TEST(RecoveredClock, LastingStepToEarlier_IsTakenUpAtOnceWithoutChasing) {
  for (const Duration early : {Duration{microseconds(125)}, Duration{microseconds(250)},
                               Duration{microseconds(500)}, Duration{milliseconds(3)}}) {
    auto bus = bus_at(60, 9);
    RecoveredClock clock = settled(bus);
    bus.step = -early;
    for (int i = 0; i < 1100 / 4; ++i) {
      bus.feed(clock);
      ASSERT_NEAR(clock.rate_ppm(), 60, 10) << bus.next;
    }
    EXPECT_LT(follow(clock, bus, seconds(10)).rms(), kSteadyUs) << to_milliseconds(early);
    EXPECT_NEAR(clock.rate_ppm(), 60, 5);
    EXPECT_EQ(clock.steps(), 0u);
  }
}

// For a schedule that cannot wait: what is further off than the limit is a step.
TEST(RecoveredClock, StepToEarlierBeyondTheLimit_IsJumpedTo) {
  auto bus = bus_at(60, 9);
  bus.every = 2;
  RecoveredClock clock(bus.interval);
  clock.set_most_behind(milliseconds(2));
  bus.feed(clock, seconds(10));
  bus.step = milliseconds(-5);
  bus.feed(clock, milliseconds(100));
  EXPECT_EQ(clock.steps(), 1u);
  EXPECT_EQ(clock.restarts(), 0u);
  EXPECT_LT(follow(clock, bus, milliseconds(500)).worst, 400);
  EXPECT_LT(follow(clock, bus, seconds(10)).rms(), kSteadyUs);
}

TEST(RecoveredClock, SingleEarlyStamps_AreNotBelieved) {
  auto bus = bus_at(20, 10);
  RecoveredClock clock = settled(bus);
  for (int i = 0; i < 20; ++i) {
    EXPECT_LT(follow(clock, bus, seconds(1)).rms(), kSteadyUs);
    clock.observe(bus.next, bus.stamp(bus.next) - milliseconds(8));
    bus.next += bus.every;
  }
  EXPECT_NEAR(clock.rate_ppm(), 20, 5);
}

// The bus went on while nothing was queued. Counted at once, the stamps agree again at once; found
// a second later, they are late until then.
TEST(RecoveredClock, GapOfTheBus_LeavesTheClockAlone) {
  auto bus = bus_at(-70, 11);
  RecoveredClock clock = settled(bus);
  bus.pause(milliseconds(10));
  EXPECT_LT(follow(clock, bus, seconds(2)).rms(), kSteadyUs);
  for (int i = 0; i < 1250 / 4; ++i) {
    clock.observe(bus.next, bus.stamp(bus.next + 10));
    bus.next += bus.every;
    ASSERT_NEAR(clock.rate_ppm(), -70, 10);
  }
  bus.next += 10;
  EXPECT_LT(follow(clock, bus, seconds(5)).rms(), kSteadyUs);
  EXPECT_EQ(clock.steps(), 0u);
}

// The bus stood still; afterwards the numbering goes on where it was.
TEST(RecoveredClock, Suspend_IsFollowedWithin100Ms) {
  for (const Duration slept :
       {Duration{milliseconds(300)}, Duration{seconds(3)}, Duration{std::chrono::hours(30)}}) {
    auto bus = bus_at(90, 12);
    RecoveredClock clock = settled(bus);
    bus.step = slept;
    bus.feed(clock, milliseconds(100));
    EXPECT_EQ(clock.restarts(), 1u);
    EXPECT_LT(std::abs(bus.error_us(clock, bus.next)), 2100);
    EXPECT_NEAR(clock.rate_ppm(), 90, 5);
    bus.feed(clock, milliseconds(1900));
    EXPECT_TRUE(clock.is_locked());
    EXPECT_LT(follow(clock, bus, seconds(10)).rms(), kSteadyUs);
  }
}

TEST(RecoveredClock, ResetOfTheDevice_NewNumberingIsTakenUpWithin100Ms) {
  auto bus = bus_at(-45, 13);
  RecoveredClock clock = settled(bus);
  bus.origin -= bus.next;  // numbering begins again at 0, where the bus is now
  bus.next = 0;
  bus.feed(clock, milliseconds(100));
  EXPECT_EQ(clock.steps(), 1u);
  EXPECT_LT(std::abs(bus.error_us(clock, bus.next)), 2100);
  bus.feed(clock, milliseconds(1900));
  EXPECT_TRUE(clock.is_locked());
  EXPECT_LT(follow(clock, bus, seconds(10)).rms(), kSteadyUs);
}

// A ring that is reaped after a stall of 300 ms: all stamps at one moment.
TEST(RecoveredClock, BurstOfStampsAfterALongStall_IsNoNewNumbering) {
  auto bus = bus_at(10, 14);
  bus.every = 1;
  RecoveredClock clock = settled(bus);
  const Instant reaped = bus.true_time(bus.next + 300);
  for (int i = 0; i < 32; ++i) clock.observe(bus.next++, reaped);
  bus.pause(milliseconds(268));
  EXPECT_LT(follow(clock, bus, seconds(3)).rms(), kSteadyUs);
  EXPECT_EQ(clock.steps(), 0u);
}

TEST(RecoveredClock, OneAbsurdStamp_IsIgnored) {
  auto bus = bus_at(0, 15);
  RecoveredClock clock = settled(bus);
  const Instant before = clock.time_of(15'000);
  const std::int64_t newest = clock.newest_index();
  EXPECT_FALSE(clock.observe(newest + 1, bus.true_time(newest) + seconds(10)));
  EXPECT_FALSE(clock.observe(newest + 5'000'000, bus.true_time(newest)));
  EXPECT_EQ(clock.time_of(15'000), before);
  EXPECT_EQ(clock.newest_index(), newest);
}

TEST(RecoveredClock, RateIsClamped) {
  auto bus = bus_at(5000, 16);
  bus.jitter = microseconds(10);
  RecoveredClock clock(bus.interval);
  bus.feed(clock, seconds(20));
  EXPECT_LE(std::abs(clock.rate_ppm()), 600.0);
}

TEST(StreamClock, IndexWrapsOnTheWire_NothingIsSeen) {
  for (const std::int64_t before : {std::int64_t{1} << 32, std::int64_t{0}}) {
    auto bus = bus_at(150, 18);
    bus.interval = microseconds(125);
    bus.every = 16;
    bus.origin = bus.next = before - 8 * 20'000;
    StreamClock clock(bus.interval);
    std::int64_t offset = 0;
    Errors errors;
    for (std::int64_t fed = 0; fed < 8 * 60'000; fed += bus.every, bus.next += bus.every) {
      const auto index = clock.unwrap(static_cast<std::uint32_t>(bus.next));
      if (fed == 0) offset = index - bus.next;
      ASSERT_EQ(index - bus.next, offset);
      ASSERT_TRUE(clock.observe(index, bus.stamp(bus.next)));
      if (fed < 8 * 12'000) continue;
      const auto error = clock.recovered().time_of(index) - bus.true_time(bus.next);
      errors.add(static_cast<double>(error.count()) / 1e3);
    }
    EXPECT_LT(errors.rms(), kSteadyUs);
    EXPECT_EQ(clock.recovered().steps(), 0u);
  }
}

TEST(StreamClock, PathDelaySteps_ScheduleFollowsSmoothly) {
  auto bus = bus_at(40, 19);
  StreamClock clock(bus.interval);
  Duration offset = seconds(7);
  Instant last{};
  for (std::int64_t i = 0; i < 12'000; ++i) {
    if (i == 6000) offset += milliseconds(5);
    clock.observe(i, bus.stamp(i));
    clock.follow_offset(offset, bus.true_time(i) + offset);
    const Instant at = clock.at(i);
    if (i > 0) {
      ASSERT_GT(at - last, microseconds(985)) << i;
      ASSERT_LT(at - last, microseconds(1015)) << i;
    }
    last = at;
  }
  EXPECT_LT(std::chrono::abs(last - bus.true_time(11'999) - offset), microseconds(60));
}

}  // namespace
}  // namespace usbgw::host::test
