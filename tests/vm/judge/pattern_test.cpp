#include "tests/vm/judge/pattern.h"

#include <gtest/gtest.h>

namespace usbgw::judge {
namespace {

std::vector<std::uint32_t> counters(std::size_t count) {
  std::vector<std::uint32_t> result(count);
  for (std::size_t i = 0; i < count; ++i) {
    result[i] = static_cast<std::uint32_t>(i + 1);
  }
  return result;
}

constexpr std::size_t kSecond = 48000;
constexpr Limits kLimits{};

TEST(Pattern, EncodedThenDecoded_IsTheCounter) {
  EXPECT_EQ(decode_pattern(encode_pattern(70000)), counters(70000));
}

TEST(Pattern, Encoded_HasTheLowHalfInTheLeftChannel) {
  const auto bytes = encode_pattern(0x10001);
  const std::vector<std::uint8_t> last(bytes.end() - 4, bytes.end());
  EXPECT_EQ(last, (std::vector<std::uint8_t>{0x01, 0x00, 0x01, 0x00}));
}

TEST(Judge, ExactRecording_HasNoFault) {
  const Verdict verdict = judge(counters(kSecond), kLimits);
  EXPECT_EQ(verdict.frames, kSecond);
  EXPECT_EQ(verdict.lead_in, 0U);
  EXPECT_EQ(verdict.missing + verdict.repeated + verdict.altered, 0U);
}

TEST(Judge, SilenceThenEarlierPatternInTheLeadIn_IsAllowed) {
  auto recording = counters(kSecond);
  for (std::size_t i = 0; i < 100; ++i) {
    recording[i] = 0;
  }
  for (std::size_t i = 100; i < 2400; ++i) {
    recording[i] = static_cast<std::uint32_t>(900000 + i);
  }
  const Verdict verdict = judge(recording, kLimits);
  EXPECT_EQ(verdict.lead_in, 2400U);
  EXPECT_EQ(verdict.missing + verdict.repeated + verdict.altered, 0U);
}

TEST(Judge, LeadInOneFrameTooLong_IsAFault) {
  auto recording = counters(kSecond);
  for (std::size_t i = 0; i < 2401; ++i) {
    recording[i] = 0;
  }
  const Verdict verdict = judge(recording, kLimits);
  EXPECT_GT(verdict.missing + verdict.repeated + verdict.altered, 0U);
}

TEST(Judge, GapWithConcealmentAndJump_IsOneDisturbance) {
  auto recording = counters(kSecond);
  for (std::size_t i = 20000; i < 20100; ++i) recording[i] = 0;
  recording.erase(recording.begin() + 20500);
  const Verdict verdict = judge(recording, kLimits);
  ASSERT_EQ(verdict.disturbances.size(), 1U);
  EXPECT_EQ(verdict.disturbances[0].first, 20000U);
  EXPECT_EQ(verdict.disturbances[0].frames, 500U);
}

TEST(Judge, FaultsFurtherApartThanTheLimit_AreTwoDisturbances) {
  auto recording = counters(kSecond);
  recording[20000] = 0;
  recording[20001 + kLimits.apart] = 0;
  const Verdict verdict = judge(recording, kLimits);
  ASSERT_EQ(verdict.disturbances.size(), 2U);
  EXPECT_EQ(verdict.disturbances[1].first, 20001U + kLimits.apart);
}

TEST(Judge, OneFrameMissing_IsCounted) {
  auto recording = counters(kSecond);
  recording.erase(recording.begin() + 20000);
  const Verdict verdict = judge(recording, kLimits);
  EXPECT_EQ(verdict.missing, 1U);
  EXPECT_EQ(verdict.repeated + verdict.altered, 0U);
}

TEST(Judge, OneFrameTwice_IsCountedAsRepeated) {
  auto recording = counters(kSecond);
  recording.insert(recording.begin() + 20000, recording[20000]);
  const Verdict verdict = judge(recording, kLimits);
  EXPECT_EQ(verdict.repeated, 1U);
  EXPECT_EQ(verdict.missing, 0U);
}

TEST(Judge, FramesReplacedInPlace_AreAltered) {
  auto recording = counters(kSecond);
  for (std::size_t i = 20000; i < 20048; ++i) {
    recording[i] = 0;
  }
  recording[30000] = 77;
  const Verdict verdict = judge(recording, kLimits);
  EXPECT_EQ(verdict.altered, 49U);
  EXPECT_EQ(verdict.missing + verdict.repeated, 0U);
}

TEST(Judge, SilenceInTheLast20Milliseconds_IsNotJudged) {
  auto recording = counters(kSecond);
  for (std::size_t i = kSecond - 960; i < kSecond; ++i) {
    recording[i] = 0;
  }
  EXPECT_EQ(judge(recording, kLimits).altered, 0U);
  recording[kSecond - 961] = 0;
  EXPECT_EQ(judge(recording, kLimits).altered, 1U);
}

TEST(Judge, RecordingOfSilence_IsAllAltered) {
  const Verdict verdict = judge(std::vector<std::uint32_t>(kSecond, 0), kLimits);
  EXPECT_EQ(verdict.altered, kSecond - 2400 - 960);
}

TEST(Judge, EmptyRecording_IsMissing) {
  EXPECT_GT(judge({}, kLimits).missing, 0U);
}

}  // namespace
}  // namespace usbgw::judge
