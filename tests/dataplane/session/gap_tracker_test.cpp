#include "dataplane/session/gap_tracker.h"

#include <gtest/gtest.h>

namespace usbgw::session {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart = Instant{} + 10s;
constexpr RoundTrip kShort{500us, 500us, 600us};

Instant at(std::int64_t number) {
  return kStart + number * 1ms;
}

// Sources 0 to `last`, 1 ms apart, but those in the gap.
GapTracker after(std::int64_t last, Duration deadline, std::int64_t gap = -1,
                 std::int64_t gap_end = -1) {
  GapTracker gaps;
  gaps.open(deadline);
  for (std::int64_t n = 0; n <= last; ++n)
    if (n < gap || n >= gap_end) gaps.arrived(n, Provenance::direct, at(n));
  return gaps;
}

TEST(ArrivalLine, FollowsASteadyStreamExactly) {
  ArrivalLine line;
  for (std::int64_t n = 0; n < 100; ++n) line.add(n, at(n));
  ASSERT_TRUE(line.is_known());
  EXPECT_EQ(line.interval(), 1ms);
  EXPECT_EQ(line.expected(105), at(105));
  EXPECT_EQ(line.late(), 0ms);
}

TEST(ArrivalLine, FollowsDriftAndSkipsWhatIsMissing) {
  ArrivalLine line;
  const auto drifting = [](std::int64_t n) { return kStart + n * 1'000'100ns; };
  for (std::int64_t n = 0; n < 4000; n += n % 7 == 0 ? 3 : 1) line.add(n, drifting(n));
  EXPECT_LT(std::chrono::abs(line.expected(4000) - drifting(4000)), 5us);
}

TEST(ArrivalLine, SpreadForgetsWhatIsTwoSecondsOld) {
  ArrivalLine line;
  for (std::int64_t n = 0; n < 100; ++n) line.add(n, at(n));
  line.add(100, at(100) + 3ms);
  EXPECT_EQ(line.late(), 3ms);
  for (std::int64_t n = 101; n < 2300; ++n) line.add(n, at(n));
  EXPECT_LT(line.late(), 50us);
}

TEST(GapTracker, MissesASourceBeforeTheNextHasCome) {
  GapTracker gaps = after(99, 4ms);
  EXPECT_EQ(gaps.next_deadline(), at(100) + 200us);
  EXPECT_FALSE(gaps.take_request(at(100) + 199us, kShort));
  const auto request = gaps.take_request(at(100) + 200us, kShort);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->first, 100u);
  EXPECT_EQ(request->missing, 1u);
  EXPECT_FALSE(request->is_last);
}

TEST(GapTracker, AsksAgainAfterTheRoundTripAndLastNearTheDeadline) {
  GapTracker gaps = after(99, 2ms);
  std::vector<std::pair<Duration, bool>> asked;
  for (Duration t{}; t < 5ms; t += 50us) {
    // Of 100 alone: those after it come.
    for (std::int64_t n = 101; n < 105; ++n)
      if (at(n) == at(100) + t) gaps.arrived(n, Provenance::direct, at(n));
    while (const auto request = gaps.take_request(at(100) + t, kShort))
      if (request->first == 100) asked.emplace_back(t, request->is_last);
  }
  EXPECT_EQ(asked, (std::vector<std::pair<Duration, bool>>{
                       {200us, false}, {800us, false}, {1400us, true}}));
}

TEST(GapTracker, AsksForNothingThatCouldNotComeInTime) {
  GapTracker gaps = after(99, 2ms);
  const RoundTrip round_trip{8ms, 8ms, 9ms};
  for (Duration t{}; t < 10ms; t += 100us) EXPECT_FALSE(gaps.take_request(at(100) + t, round_trip));
}

TEST(GapTracker, DeadlineThatMovesUpLeavesTimeToAsk) {
  constexpr RoundTrip kLong{8ms, 8ms, 9ms};
  GapTracker gaps = after(40, 4ms);
  EXPECT_FALSE(gaps.take_request(at(41) + 300us, kLong));
  gaps.set_deadline(12ms);
  const auto request = gaps.take_request(at(42) + 300us, kLong);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->first, 42u);
}

TEST(GapTracker, SourcesOfOneGapShareARequest) {
  GapTracker gaps = after(110, 8ms, 105, 108);
  const auto request = gaps.take_request(at(110), kShort);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->first, 105u);
  EXPECT_EQ(request->missing, 0b111u);
}

TEST(GapTracker, RunsAreCountedAndThoseBeyondTheDeadlineApart) {
  GapTracker gaps = after(300, 4ms, 100, 103);
  EXPECT_EQ(gaps.losses().runs, 1u);
  EXPECT_EQ(gaps.losses().missing, 3u);
  EXPECT_EQ(gaps.losses().longest, 3ms);
  EXPECT_EQ(gaps.losses().beyond, 0u);
  gaps = after(300, 4ms, 100, 120);
  EXPECT_EQ(gaps.losses().runs, 0u);
  EXPECT_EQ(gaps.losses().beyond, 20u);
}

TEST(GapTracker, SourceThatItsCopyOvertookIsNoLoss) {
  GapTracker gaps = after(99, 4ms);
  gaps.arrived(100, Provenance::repaired, at(100));
  gaps.arrived(100, Provenance::direct, at(100) + 300us);
  for (std::int64_t n = 101; n < 200; ++n) gaps.arrived(n, Provenance::direct, at(n));
  EXPECT_EQ(gaps.losses().missing, 0u);
  EXPECT_EQ(gaps.losses().settled, 200u);
}

TEST(GapTracker, JumpOfAHostilePeerStaysBounded) {
  GapTracker gaps = after(99, 4ms);
  gaps.arrived(std::int64_t{1} << 31, Provenance::direct, at(100));
  for (Duration t{}; t < 1s; t += 10ms)
    while (gaps.take_request(at(100) + t, kShort)) {
    }
  EXPECT_GE(gaps.next_deadline(), Instant{});
  EXPECT_EQ(gaps.losses().missing, 0u);
  EXPECT_LE(gaps.losses().beyond, kRepairHistory);
}

// D is longer than the places for what is missing last: a loss is counted when it leaves them.
TEST(GapTracker, DeadlineBeyondTheHistory_LossesAreCountedAllTheSame) {
  const GapTracker gaps = after(1000, 900ms, 500, 503);
  EXPECT_EQ(gaps.losses().missing, 3u);
  EXPECT_EQ(gaps.losses().runs, 1u);
}

// Copies advance the numbers, and never the line.
TEST(GapTracker, NumbersFarFromTheLineHaveATime) {
  GapTracker gaps = after(99, 4ms);
  for (std::int64_t jump = 1; jump < 100; ++jump)
    gaps.arrived(jump << 31, Provenance::repaired, at(100));
  EXPECT_LE(gaps.next_deadline(), kNever);
  EXPECT_LE(gaps.line().expected(std::int64_t{100} << 31),
            at(1 << 20) + at(100).time_since_epoch());
}

}  // namespace
}  // namespace usbgw::session
