// What paths and threads of the simulation do: how delays vary, how late a sleeper runs.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "simulation/impairment.h"
#include "simulation/simulated_thread.h"

namespace usbgw::simulation {
namespace {

using namespace std::chrono_literals;

std::vector<Duration> delays(const ImpairmentProfile& profile, int count, Duration every) {
  Impairment path(profile, 1);
  std::vector<Duration> all;
  Instant sent{1s};
  for (int i = 0; i < count; ++i, sent += every)
    all.push_back(path.fate_of(sent).all.front().at - sent);
  return all;
}

Duration mean(const std::vector<Duration>& all) {
  Duration sum{};
  for (const Duration each : all) sum += each;
  return sum / static_cast<std::int64_t>(all.size());
}

TEST(Impairment, UniformJitterFillsItsRangeAndStaysInIt) {
  ImpairmentProfile profile;
  profile.delay = 4ms;
  profile.jitter = 4ms;
  const auto all = delays(profile, 20'000, 1ms);
  const auto [least, most] = std::minmax_element(all.begin(), all.end());
  EXPECT_GE(*least, 4ms);
  EXPECT_LT(*least, 4010us);
  EXPECT_LE(*most, 8ms);
  EXPECT_GT(*most, 7990us);
}

TEST(Impairment, ExponentialVariationHasItsMeanAndItsBound) {
  ImpairmentProfile profile;
  profile.delay = 3ms;
  profile.jitter = 4500us;
  profile.variation = DelayVariation::exponential;
  profile.variation_mean = 1ms;
  const auto all = delays(profile, 50'000, 1ms);
  const auto [least, most] = std::minmax_element(all.begin(), all.end());
  EXPECT_GE(*least, 3ms);
  EXPECT_EQ(*most, 7500us);
  EXPECT_NEAR(to_milliseconds(mean(all)), 4.0, 0.05);
}

TEST(Impairment, SlotsHoldDatagramsUntilTheyOpenAndNeverReorder) {
  ImpairmentProfile profile;
  profile.variation = DelayVariation::slots;
  profile.slot_delay = 100us;
  profile.slot_jitter = 3ms;
  const auto all = delays(profile, 20'000, 250us);
  // The longest gap between slots is 0.1 ms + 4 * 3 ms.
  EXPECT_LE(*std::max_element(all.begin(), all.end()), 12'100us);
  EXPECT_GT(*std::max_element(all.begin(), all.end()), 11ms);
  EXPECT_GT(std::count(all.begin(), all.end(), 0ns), 1000);
  Instant newest{};
  Instant sent{1s};
  for (const Duration delay : all) {
    EXPECT_GE(sent + delay, newest);
    newest = sent + delay;
    sent += 250us;
  }
}

class Alarm final : public Loop {
 public:
  std::size_t turn(Instant now) override {
    if (now < due) return 0;
    ran_at.push_back(now);
    due = kNever;
    return 1;
  }
  [[nodiscard]] Instant next_deadline() const override { return due; }
  Instant due = kNever;
  std::vector<Instant> ran_at;
};

TEST(SimulatedThread, PunctualOneRunsWhenItIsDue) {
  VirtualClock clock;
  Alarm alarm;
  SimulatedThread thread(clock, {}, 1);
  thread.add(alarm);
  alarm.due = clock.now() + 5ms;
  thread.run();
  EXPECT_EQ(thread.next(), alarm.due);
  clock.advance_to(thread.next());
  thread.run();
  EXPECT_EQ(alarm.ran_at, std::vector<Instant>{clock.now()});
  EXPECT_EQ(thread.next(), kNever);
}

TEST(SimulatedThread, LateOneRunsWithinItsBound) {
  VirtualClock clock;
  Alarm alarm;
  SimulatedThread thread(clock, WakeUpLateness::uniform(60us), 1);
  thread.add(alarm);
  Duration latest{};
  for (int i = 0; i < 1000; ++i) {
    const Instant due = clock.now() + 1ms;
    alarm.due = due;
    thread.run();
    clock.advance_to(thread.next());
    thread.run();
    ASSERT_EQ(alarm.ran_at.back(), clock.now());
    ASSERT_GE(clock.now(), due);
    latest = std::max(latest, clock.now() - due);
  }
  EXPECT_LE(latest, 60us);
  EXPECT_GT(latest, 58us);
}

TEST(SimulatedThread, MeasuredLatenessRepeatsTheSamplesTail) {
  Histogram measured;
  for (int i = 0; i < 999; ++i) measured.record(20'000);
  measured.record(1'000'000);
  const auto lateness = WakeUpLateness::measured(measured);
  Random random(1);
  int late = 0;
  for (int i = 0; i < 100'000; ++i) {
    const Duration drawn = lateness.draw(random);
    EXPECT_LE(drawn, 1ms);
    late += drawn == 1ms ? 1 : 0;
  }
  EXPECT_NEAR(late, 100, 40);
}

TEST(SimulatedThread, DatagramWaitsForTheNextLookAtThePort) {
  VirtualClock clock;
  Impairment to_b({}, 1), to_a({}, 2);
  const UdpEndpoint a_at{IpAddress::v4(1), 1}, b_at{IpAddress::v4(2), 2};
  MemoryPort a(a_at, 1400), b(b_at, 1400);
  MemoryPort::join(a, b, to_b, to_a);
  SimulatedThread thread(clock, {}, 1);
  thread.watch(b, 100us);
  thread.run();
  const Instant slept = clock.now();
  EXPECT_EQ(thread.next(), kNever);
  static_cast<void>(a.reserve(b_at, slept + 130us));
  a.commit(100, qos::TrafficClass::isochronous);
  EXPECT_EQ(thread.next(), slept + 200us);
}

}  // namespace
}  // namespace usbgw::simulation
