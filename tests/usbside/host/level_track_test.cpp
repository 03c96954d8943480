#include "usbside/host/level_track.h"

#include <gtest/gtest.h>

namespace usbgw::host {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

class LevelTrackTest : public ::testing::Test {
 protected:
  // Every 2 ms, `spread` above and below in turn.
  void add(Duration level, Duration spread, Duration length) {
    for (const Instant end = now + length; now < end; now += milliseconds(2)) {
      track.add(level + spread, now);
      spread = -spread;
    }
  }
  LevelTrack track;
  Instant now{seconds(7)};
};

TEST_F(LevelTrackTest, BeforeASecondIsOver_KnowsNothing) {
  add(milliseconds(2), {}, milliseconds(999));
  EXPECT_FALSE(track.status());
}

TEST_F(LevelTrackTest, Jitter_IsAveragedAway) {
  add(milliseconds(2), microseconds(700), seconds(10));
  ASSERT_TRUE(track.status());
  const LevelStatus level = *track.status();
  for (const Duration each : {level.start, level.now, level.least, level.most})
    EXPECT_NEAR(static_cast<double>(each.count()), 2e6, 2e3);
}

TEST_F(LevelTrackTest, ExcursionAndReturn_AreBothSeen) {
  add(milliseconds(2), {}, seconds(3));
  add(milliseconds(1), {}, seconds(3));
  add(milliseconds(4), {}, seconds(3));
  add(milliseconds(2), {}, seconds(3));
  ASSERT_TRUE(track.status());
  const LevelStatus level = *track.status();
  EXPECT_EQ(level.start, milliseconds(2));
  EXPECT_EQ(level.now, milliseconds(2));
  EXPECT_EQ(level.least, milliseconds(1));
  EXPECT_EQ(level.most, milliseconds(4));
}

TEST_F(LevelTrackTest, Restart_TakesANewStart) {
  add(milliseconds(2), {}, seconds(3));
  track.restart();
  add(milliseconds(5), {}, seconds(3));
  ASSERT_TRUE(track.status());
  EXPECT_EQ(track.status()->start, milliseconds(5));
  EXPECT_EQ(track.status()->least, milliseconds(5));
}

}  // namespace
}  // namespace usbgw::host
