#include "usbside/host/playout_margin.h"

#include <gtest/gtest.h>

namespace usbgw::host {
namespace {

using namespace std::chrono_literals;

PlayoutConfig adaptive(Duration least, Duration most = 50ms) {
  return {PlayoutMode::adaptive, least, most};
}

PathEstimate path_with(Duration jitter) {
  PathEstimate path;
  path.valid = true;
  path.jitter = jitter;
  return path;
}

TEST(PlayoutMargin, StartsAtTheConfiguredMarginOnAQuietPath) {
  PlayoutMargin margin(adaptive(500us));
  margin.on_idle(path_with(100us));
  EXPECT_EQ(margin.value(), 500us);
}

TEST(PlayoutMargin, StartsAtTheJitterInWholeStepsWhenThatIsMore) {
  PlayoutMargin margin(adaptive(500us));
  margin.on_idle(path_with(3600us));
  EXPECT_EQ(margin.value(), 3750us);
  margin.on_idle(path_with(60ms));
  EXPECT_EQ(margin.value(), 50ms);
}

TEST(PlayoutMargin, UnknownPathDecidesNothing) {
  PlayoutMargin margin(adaptive(500us));
  PathEstimate unknown = path_with(4ms);
  unknown.valid = false;
  margin.on_idle(unknown);
  EXPECT_EQ(margin.value(), 500us);
}

TEST(PlayoutMargin, FixedNeverMoves) {
  PlayoutMargin margin({PlayoutMode::fixed, 2ms, 50ms});
  margin.on_idle(path_with(4ms));
  margin.on_late(3ms, Instant{1s});
  EXPECT_EQ(margin.value(), 2ms);
  EXPECT_EQ(margin.raises(), 0u);
}

TEST(PlayoutMargin, OneRaiseCoversWhatCameLateAndCountsItsSteps) {
  PlayoutMargin margin(adaptive(500us));
  margin.on_late(600us, Instant{1s});
  EXPECT_EQ(margin.value(), 1250us);
  EXPECT_EQ(margin.raises(), 3u);
  // What was under way meanwhile does not count again.
  margin.on_late(600us, Instant{1s} + 5ms);
  EXPECT_EQ(margin.value(), 1250us);
  margin.on_late(1us, Instant{2s});
  EXPECT_EQ(margin.value(), 1500us);
}

TEST(PlayoutMargin, WhatNoAllowedMarginWouldHaveSavedRaisesNothing) {
  PlayoutMargin margin(adaptive(500us, 5ms));
  margin.on_late(200ms, Instant{1s});
  EXPECT_EQ(margin.value(), 500us);
}

TEST(PlayoutMargin, RareLatenessWithinTheTargetIsAllowed) {
  PlayoutMargin margin(adaptive(500us));
  margin.on_decided(200'000);  // at 1e-5 each, one may come late
  margin.on_late(100us, Instant{1s});
  EXPECT_EQ(margin.value(), 500us);
  margin.on_late(100us, Instant{2s});
  EXPECT_EQ(margin.value(), 750us);
}

TEST(PlayoutMargin, SaysWhyItHasItsValue) {
  PlayoutConfig config = adaptive(500us, 5ms);
  EXPECT_EQ(PlayoutMargin(config).reason(), MarginReason::by_default);
  config.origin = PlayoutOrigin::exported;
  EXPECT_EQ(PlayoutMargin(config).reason(), MarginReason::exported);
  config.origin = PlayoutOrigin::attachment;
  PlayoutMargin margin(config);
  EXPECT_EQ(margin.reason(), MarginReason::attachment);
  margin.on_idle(path_with(3600us));
  EXPECT_EQ(margin.reason(), MarginReason::path_jitter);
  margin.on_late(300us, Instant{1s});
  EXPECT_EQ(margin.reason(), MarginReason::late_data);
  margin.on_late(600us, Instant{2s});
  EXPECT_EQ(margin.value(), 5ms);
  EXPECT_EQ(margin.reason(), MarginReason::late_data);  // it is all that was asked for
  margin.on_idle(path_with(6ms));
  EXPECT_EQ(margin.value(), 5ms);
  EXPECT_EQ(margin.reason(), MarginReason::playout_max);
  margin.on_idle(path_with(100us));
  EXPECT_EQ(margin.value(), 500us);
  EXPECT_EQ(margin.reason(), MarginReason::attachment);
}

TEST(PlayoutMargin, NeverExceedsWhatTheWindowHolds) {
  PlayoutConfig config{PlayoutMode::fixed, 20ms, 50ms};
  EXPECT_EQ(PlayoutMargin(config, 4ms).value(), 4ms);
  EXPECT_EQ(PlayoutMargin(config, 4ms).reason(), MarginReason::buffer_count);
  EXPECT_EQ(PlayoutMargin(config, 40ms).value(), 20ms);
  EXPECT_EQ(PlayoutMargin(config, 40ms).reason(), MarginReason::by_default);
  config.mode = PlayoutMode::adaptive;
  config.playout = 2ms;
  PlayoutMargin margin(config, 4ms);
  EXPECT_EQ(margin.value(), 2ms);
  margin.on_idle(path_with(10ms));
  EXPECT_EQ(margin.value(), 4ms);
  EXPECT_EQ(margin.reason(), MarginReason::buffer_count);
}

}  // namespace
}  // namespace usbgw::host
