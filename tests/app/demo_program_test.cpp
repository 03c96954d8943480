#include "app/demo_program.h"

#include <gtest/gtest.h>

#include "common/random.h"

namespace usbgw::app {
namespace {

Sound noise(std::size_t frames) {
  Random random(3);
  Sound sound;
  for (std::size_t i = 0; i < frames * 2; ++i) {
    sound.samples.push_back(static_cast<std::int16_t>(random.below(20000)));
  }
  return sound;
}

Sound delayed(const Sound& sound, std::size_t frames) {
  Sound later = sound;
  later.samples.insert(later.samples.begin(), frames * 2, 0);
  return later;
}

TEST(Compare, ExactCopyIsFoundAtItsLag) {
  const Sound played = noise(96000);
  const auto comparison = compare(played, delayed(played, 777));
  ASSERT_TRUE(comparison);
  EXPECT_EQ(comparison->lag_frames, 777u);
  EXPECT_EQ(comparison->different_frames, 0u);
  EXPECT_EQ(comparison->compared_frames, 96000u);
  EXPECT_EQ(comparison->slips, 0u);
}

TEST(Compare, OneAlteredFrameIsOneDifference) {
  const Sound played = noise(96000);
  Sound recorded = delayed(played, 100);
  recorded.samples[2 * 50'000] ^= 1;
  const auto comparison = compare(played, recorded);
  ASSERT_TRUE(comparison);
  EXPECT_EQ(comparison->different_frames, 1u);
}

TEST(Compare, LostFramesAreASlipAndNotAllOfTheRest) {
  const Sound played = noise(96000);
  Sound recorded = delayed(played, 1000);
  recorded.samples.erase(recorded.samples.begin() + 2 * 60'000,
                         recorded.samples.begin() + 2 * 60'480);
  const auto comparison = compare(played, recorded);
  ASSERT_TRUE(comparison);
  EXPECT_EQ(comparison->slips, 1u);
  EXPECT_GE(comparison->different_frames, 480u);
  EXPECT_LE(comparison->different_frames, 960u);
}

TEST(Compare, AnotherSoundIsNoCopy) {
  const Sound played = noise(96000);
  Sound other;
  other.samples.assign(96000 * 2, 5);
  EXPECT_FALSE(compare(played, other));
}

TEST(CompareBegun, RecordingThatWasBrokenOffIsJudgedAsFarAsItGoes) {
  const Sound played = noise(96000);
  Sound recorded = delayed(played, 777);
  recorded.samples.resize(2 * 40'000);
  const auto comparison = compare_begun(played, recorded);
  ASSERT_TRUE(comparison);
  EXPECT_EQ(comparison->lag_frames, 777u);
  EXPECT_EQ(comparison->compared_frames, 40'000u - 777);
  EXPECT_EQ(comparison->different_frames, 0u);
}

TEST(CompareBegun, RecordingOfNothingIsNoCopy) {
  EXPECT_FALSE(compare_begun(noise(96000), Sound{}));
}

}  // namespace
}  // namespace usbgw::app
