#include "usbside/device/software/counter_judge.h"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <vector>

#include "common/random.h"
#include "usbside/device/software/counter_pattern.h"

namespace usbgw::device::software {
namespace {

constexpr std::uint32_t kRate = 48000;

std::vector<std::uint32_t> counters(std::uint32_t first, std::size_t count) {
  std::vector<std::uint32_t> all;
  for (std::uint32_t i = 0; i < count; ++i) all.push_back(first + i);
  return all;
}

JudgeReport judge(const std::vector<std::uint32_t>& all) {
  CounterJudge judge(kRate);
  judge.start_run();
  for (const std::uint32_t counter : all) judge.frame(counter, true);
  return judge.report();
}

using Stream = std::vector<std::uint32_t>;
using Spot = Stream::difference_type;

// A second of pattern with a fault in its middle.
JudgeReport judge_with(const std::function<void(Stream&, Spot)>& spoil) {
  Stream all = counters(1, kRate);
  spoil(all, kRate / 2);
  return judge(all);
}

TEST(CounterJudge, CleanPatternBetweenSilenceHasNoFault) {
  Stream all(200, 0);
  const Stream pattern = counters(77, 48000);
  all.insert(all.end(), pattern.begin(), pattern.end());
  all.resize(all.size() + 3000, 0);
  const JudgeReport report = judge(all);
  EXPECT_EQ(report.counted, 48000u);
  EXPECT_EQ(report.leading_silence, 200u);
  EXPECT_EQ(report.longest_leading_silence, 200u);
  EXPECT_EQ(report.trailing_silence, 3000u);
  EXPECT_EQ(report.first, 77u);
  EXPECT_EQ(report.last, 48076u);
  EXPECT_EQ(report.inside.total() + report.lead_in.total() + report.tail.total(), 0u);
}

TEST(CounterJudge, OneDroppedSampleIsMissing) {
  const JudgeReport report = judge_with([](Stream& all, Spot at) { all.erase(all.begin() + at); });
  EXPECT_EQ(report.inside.missing, 1u);
  EXPECT_EQ(report.inside.total(), 1u);
}

TEST(CounterJudge, OneRepeatedSampleIsRepeated) {
  const JudgeReport report =
      judge_with([](Stream& all, Spot at) { all.insert(all.begin() + at, all[kRate / 2]); });
  EXPECT_EQ(report.inside.repeated, 1u);
  EXPECT_EQ(report.inside.total(), 1u);
}

TEST(CounterJudge, SilenceAndAlteredSamplesWithoutPauseAreOneDisturbance) {
  const JudgeReport report = judge_with([](Stream& all, Spot at) {
    all[static_cast<std::size_t>(at) - 1] ^= 0x40;
    std::fill_n(all.begin() + at, 480, 0);
    all.erase(all.begin() + at + 1000, all.begin() + at + 1100);
  });
  ASSERT_EQ(report.disturbances.size(), 1u);
  EXPECT_EQ(report.disturbances[0].first, kRate / 2 - 1u);
  EXPECT_NEAR(static_cast<double>(report.disturbances[0].frames), 1001, 1);
}

TEST(CounterJudge, FaultsFarApartAreTwoDisturbances) {
  const JudgeReport report = judge_with([](Stream& all, Spot at) {
    std::fill_n(all.begin() + at, 480, 0);
    std::fill_n(all.begin() + at + kRate / 3, 48, 0);
  });
  ASSERT_EQ(report.disturbances.size(), 2u);
  EXPECT_EQ(report.disturbances[0].first, kRate / 2);
  EXPECT_EQ(report.disturbances[0].frames, 480u);
  EXPECT_EQ(report.disturbances[1].first, kRate / 2 + kRate / 3);
  EXPECT_EQ(report.disturbances[1].frames, 48u);
}

TEST(CounterJudge, OneAlteredSampleIsAltered) {
  const JudgeReport report = judge_with([](Stream& all, Spot) { all[kRate / 2] ^= 0x40; });
  EXPECT_EQ(report.inside.altered, 1u);
  EXPECT_EQ(report.inside.total(), 1u);
}

TEST(CounterJudge, AlteredPacketIsCountedFrameByFrame) {
  const JudgeReport report = judge_with([](Stream& all, Spot) {
    Random random(5);
    for (std::size_t i = 0; i < 48; ++i) {
      all[kRate / 2 + i] = 0x80000000u | static_cast<std::uint32_t>(random.next());
    }
  });
  EXPECT_EQ(report.inside.altered, 48u);
  EXPECT_EQ(report.inside.total(), 48u);
}

TEST(CounterJudge, LostPacketIsMissingAndRepeatedPacketIsRepeated) {
  const JudgeReport lost =
      judge_with([](Stream& all, Spot at) { all.erase(all.begin() + at, all.begin() + at + 48); });
  EXPECT_EQ(lost.inside.missing, 48u);
  EXPECT_EQ(lost.inside.total(), 48u);
  const JudgeReport repeated = judge_with([](Stream& all, Spot at) {
    const Stream packet(all.begin() + at, all.begin() + at + 48);
    all.insert(all.begin() + at, packet.begin(), packet.end());
  });
  EXPECT_EQ(repeated.inside.repeated, 48u);
  EXPECT_EQ(repeated.inside.total(), 48u);
}

TEST(CounterJudge, SilenceInsideIsCountedWhetherItReplacesOrInserts) {
  const JudgeReport replaced = judge_with(
      [](Stream& all, Spot at) { std::fill(all.begin() + at, all.begin() + at + 48, 0u); });
  EXPECT_EQ(replaced.inside.silent, 48u);
  EXPECT_EQ(replaced.inside.total(), 48u);
  const JudgeReport inserted =
      judge_with([](Stream& all, Spot at) { all.insert(all.begin() + at, 48, 0u); });
  EXPECT_EQ(inserted.inside.silent, 48u);
  EXPECT_EQ(inserted.inside.total(), 48u);
}

TEST(CounterJudge, FaultsOfStartAndStopAreKeptApart) {
  Stream all = counters(1, kRate);
  all.erase(all.begin() + 1000);             // 21 ms
  all.erase(all.begin() + kRate - 1 - 500);  // 10 ms before the end
  const JudgeReport report = judge(all);
  EXPECT_EQ(report.lead_in.missing, 1u);
  EXPECT_EQ(report.inside.total(), 0u);
  EXPECT_EQ(report.tail.missing, 1u);
}

TEST(CounterJudge, FaultJustOutsideLeadInAndTailIsInside) {
  Stream all = counters(1, kRate);
  all.erase(all.begin() + kRate / 20 + 5);
  all.erase(all.begin() + kRate - kRate / 50 - 5);
  EXPECT_EQ(judge(all).inside.missing, 2u);
}

TEST(CounterJudge, StarvedIntervalsCountOnlyWhenTheStreamGoesOn) {
  CounterJudge judge(kRate);
  judge.start_run();
  for (std::uint32_t i = 1; i <= kRate; ++i) judge.frame(i, true);
  judge.starved_interval();
  EXPECT_EQ(judge.report().inside.starved + judge.report().tail.starved, 0u);
  for (std::uint32_t i = 1; i <= kRate; ++i) judge.frame(kRate + i, true);
  EXPECT_EQ(judge.report().inside.starved, 1u);
}

TEST(CounterJudge, EveryRandomSingleFaultIsSeen) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Random random(seed);
    Stream all = counters(1 + static_cast<std::uint32_t>(random.below(1u << 30)), kRate / 4);
    const auto spot = static_cast<std::size_t>(3000 + random.below(7000));
    const auto kind = random.below(3);
    if (kind == 0) all.erase(all.begin() + static_cast<Spot>(spot));
    if (kind == 1) all.insert(all.begin() + static_cast<Spot>(spot), all[spot]);
    if (kind == 2) all[spot] ^= 1u << random.below(32);
    EXPECT_EQ(judge(all).inside.total(), 1u) << "seed " << seed;
  }
}

TEST(CounterPattern, RoundTripsAndSeesAnAlteredExtraChannel) {
  std::array<std::byte, 8 * kSampleBytes> frame{};
  write_frame(frame, 0x12345678);
  EXPECT_EQ(read_frame(frame).counter, 0x12345678u);
  EXPECT_TRUE(read_frame(frame).is_intact);
  frame[9] ^= std::byte{1};
  EXPECT_FALSE(read_frame(frame).is_intact);
}

}  // namespace
}  // namespace usbgw::device::software
