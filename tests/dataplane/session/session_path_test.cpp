#include <gtest/gtest.h>

#include <algorithm>

#include "tests/dataplane/session/session_pair.h"

namespace usbgw::session {
namespace {

using namespace test;

Duration distance(Duration a, Duration b) {
  return a > b ? a - b : b - a;
}

TEST(Path, IsValidAboutTwoRoundTripsAfterTheStart) {
  Pair pair;
  pair.run(16ms + 10ms);
  EXPECT_TRUE(pair.a.session->path().valid);
  EXPECT_TRUE(pair.b.session->path().valid);
}

TEST(Path, OffsetsAreTheMinimaOfAnAsymmetricPath) {
  Pair pair;
  pair.a_to_b.impairment = {.delay = 3ms, .jitter = 2ms};
  pair.b_to_a.impairment = {.delay = 7ms, .jitter = 2ms};
  for (int i = 0; i < 100'000; ++i) pair.step(100us);
  const PathEstimate& a = pair.a.session->path();
  const PathEstimate& b = pair.b.session->path();
  EXPECT_LT(distance(a.outbound_offset, 1h + 3ms), 300us);
  EXPECT_LT(distance(a.inbound_offset, -1h + 7ms), 300us);
  EXPECT_LT(distance(b.inbound_offset, 1h + 3ms), 300us);
  EXPECT_LT(distance(b.outbound_offset, -1h + 7ms), 300us);
  EXPECT_LT(distance(a.round_trip_min, 10ms), 600us);
  EXPECT_LT(distance(a.base(), 5ms), 300us);
  EXPECT_LT(distance(a.round_trip_smoothed, 12ms), 1500us);
  EXPECT_LT(distance(a.jitter, 2ms), 500us);
}

TEST(Path, JitterIsNearZeroOnACleanPath) {
  Pair pair;
  pair.run(5s);
  EXPECT_LT(pair.a.session->path().jitter, 300us);
}

TEST(Path, HowLongADatagramLayInThePortIsNotItsJitter) {
  Pair pair;
  pair.run(2s);
  for (int i = 0; i < 100; ++i) {
    pair.step(6ms);  // a ping waits for its reader up to 6 ms
    pair.run(20ms);
  }
  EXPECT_LT(pair.a.session->path().jitter, 300us);
  EXPECT_LT(pair.b.session->path().jitter, 300us);
}

// 100 ppm either way: over 10 s a plain minimum would be 1 ms off.
TEST(Path, OffsetsFollowClockDrift) {
  for (const double ppm : {100.0, -100.0}) {
    SCOPED_TRACE(ppm);
    PairOptions options;
    options.clock_ppm = ppm;
    Pair pair(options);
    pair.run(40s);
    for (int i = 0; i < 10; ++i) {
      pair.run(1s);
      const Duration truth = pair.now_b() - pair.now_a() + 4ms;
      EXPECT_LT(distance(pair.b.session->path().inbound_offset, truth), 300us);
      EXPECT_LT(distance(pair.a.session->path().outbound_offset, truth), 300us);
      EXPECT_LT(pair.b.session->path().jitter, 400us);
    }
  }
}

TEST(Path, OffsetsFollowClockDriftThroughJitter) {
  PairOptions options;
  options.clock_ppm = 100;
  Pair pair(options);
  pair.a_to_b.impairment.jitter = 4ms;
  pair.run(60s);
  for (int i = 0; i < 20; ++i) {
    pair.run(1s);
    const Duration truth = pair.now_b() - pair.now_a() + 4ms;
    EXPECT_LT(distance(pair.b.session->path().inbound_offset, truth), 700us);
  }
}

TEST(Path, MinimumFollowsAPathThatGotLonger) {
  Pair pair;
  pair.run(5s);
  pair.a_to_b.impairment.delay = 6ms;
  pair.run(60s);
  EXPECT_LT(distance(pair.b.session->path().inbound_offset, 1h + 6ms), 300us);
}

TEST(PathProbe, FindsJumboFramesWhereTheyPass) {
  Pair pair;
  EXPECT_EQ(pair.a.session->path_payload(), 1400u);
  pair.run(1s);
  EXPECT_EQ(pair.a.session->path_payload(), 8900u);
  EXPECT_EQ(pair.b.session->path_payload(), 8900u);
}

TEST(PathProbe, FindsTheUsualSizeWhereTheyDoNot) {
  Pair pair;
  pair.a_to_b.impairment.mtu = 1472;
  pair.run(20s);
  EXPECT_EQ(pair.a.session->path_payload(), 1472u);
  EXPECT_EQ(pair.b.session->path_payload(), 8900u);
  EXPECT_EQ(pair.a.count(SessionCounter::mtu_lowered), 0u);
}

TEST(PathProbe, ComesCloseToAnUnusualSizeThroughLoss) {
  Pair pair;
  pair.a_to_b.impairment.mtu = 4000;
  pair.a_to_b.impairment.loss = 0.05;
  pair.run(30s);
  EXPECT_LE(pair.a.session->path_payload(), 4000u);
  EXPECT_GE(pair.a.session->path_payload(), 4000u - 128);
}

// A source of that size each 10 ms, for a second.
void send_for_a_second(Pair& pair, std::size_t bytes) {
  for (std::uint32_t i = 0; i < 100; ++i) {
    ASSERT_TRUE(pair.a.send_counted(kStream, i, bytes));
    pair.run(10ms);
  }
}

// Datagrams from a that are at least so large.
std::size_t datagrams_of(const Pair& pair, std::size_t bytes) {
  return static_cast<std::size_t>(
      std::count_if(pair.a_to_b.log.begin(), pair.a_to_b.log.end(),
                    [&](const Sent& sent) { return sent.bytes.size() >= bytes; }));
}

TEST(PathProbe, SizeThatIsUsedIsVerifiedOften_AndNoLargerOne) {
  Pair pair;
  pair.open(timely());
  pair.run(1s);
  for (int i = 0; i < 10; ++i) send_for_a_second(pair, 300);
  const std::size_t none = datagrams_of(pair, 1400);
  for (int i = 0; i < 10; ++i) send_for_a_second(pair, 3000);
  EXPECT_EQ(none, datagrams_of(pair, 4000));
  EXPECT_GE(datagrams_of(pair, 1400), none + 1000 + 4);
  EXPECT_LE(datagrams_of(pair, 1400), none + 1000 + 5);
}

TEST(PathProbe, BlackHoleThatNothingFallsIntoIsFoundInTime) {
  Pair pair;
  pair.run(1s);
  ASSERT_EQ(pair.a.session->path_payload(), 8900u);
  pair.a_to_b.impairment.mtu = 1450;
  pair.run(63s);
  EXPECT_EQ(pair.a.session->path_payload(), 1400u);
}

TEST(PathProbe, BlackHoleLowersThePayloadAndIsCounted) {
  Pair pair;
  pair.open(timely());
  pair.run(1s);
  ASSERT_EQ(pair.a.session->path_payload(), 8900u);
  pair.a_to_b.impairment.mtu = 1450;
  for (int i = 0; i < 5; ++i) send_for_a_second(pair, 3000);
  EXPECT_EQ(pair.a.session->path_payload(), 1400u);
  EXPECT_EQ(pair.a.count(SessionCounter::mtu_lowered), 1u);
  pair.a_to_b.impairment.mtu = 9000;
  pair.run(30s);
  EXPECT_EQ(pair.a.session->path_payload(), 8900u);
}

TEST(PathProbe, BelowTheInitialSizeItFallsBackToTheLeast) {
  Pair pair;
  pair.a_to_b.impairment.mtu = 1300;
  pair.run(10s);
  EXPECT_EQ(pair.a.session->path_payload(), 1232u);
}

TEST(PathProbe, DeadPathIsNoEvidenceOfABlackHole) {
  Pair pair;
  pair.run(1s);
  pair.a_to_b.impairment.loss = 1;
  pair.run(20s);
  EXPECT_EQ(pair.a.session->path_payload(), 8900u);
  EXPECT_EQ(pair.a.count(SessionCounter::mtu_lowered), 0u);
}

TEST(Session, IdleSessionSleepsUntilItsNextPing) {
  Pair pair;
  pair.run(3s);
  const Instant now = pair.now_a();
  EXPECT_GT(pair.a.session->next_deadline(), now - 1ms);
  EXPECT_LE(pair.a.session->next_deadline(), now + 100ms);
  const auto before = pair.a_to_b.log.size();
  pair.run(1s);
  // Ten pings, ten pongs and a path probe or its answer.
  EXPECT_LE(pair.a_to_b.log.size() - before, 24u);
}

}  // namespace
}  // namespace usbgw::session
