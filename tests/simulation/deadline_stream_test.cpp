// Which sources a stream's repair brings by their deadline, on paths whose answer is known.
#include "simulation/deadline_stream.h"

#include <gtest/gtest.h>

#include "simulation/repair_schemes.h"

namespace usbgw::simulation {
namespace {

using namespace std::chrono_literals;

Figures figures_of(const session::RepairOptions& repair, const ImpairmentProfile& path,
                   Duration deadline, Duration length = 60s) {
  DeadlineStreamConfig config;
  config.repair = repair;
  config.deadline = config.repair.deadline = deadline;
  DeadlineStream stream(config);
  stream.begin(path);
  Figures opening;
  Figures figures;
  stream.run(2s, opening);
  stream.run(length, figures);
  stream.finish();
  return figures;
}

session::RepairOptions copy_after(Duration after) {
  session::RepairOptions repair;
  repair.copy_after = after;
  return repair;
}

ImpairmentProfile outages() {
  ImpairmentProfile path;
  path.delay = 2ms;
  path.outage_loss = 0.02;
  path.outage_mean = 4ms;
  return path;
}

TEST(DeadlineStream, CleanPathMissesNothingAndCostsNothing) {
  const Figures figures = figures_of({}, {}, 1ms);
  EXPECT_EQ(figures.sources, 60'000u);
  EXPECT_EQ(figures.misses, 0u);
  EXPECT_EQ(figures.repairs, 0u);
  // 192 bytes, and what our, UDP's and IP's headers take.
  EXPECT_NEAR(static_cast<double>(figures.wire_bytes) / 60'000, 192 + 28 + 50, 40);
}

TEST(DeadlineStream, WithoutRepairEveryLossIsAMiss) {
  ImpairmentProfile path;
  path.loss = 0.01;
  const Figures figures = figures_of({}, path, 2ms);
  EXPECT_NEAR(figures.miss_rate(), 0.01, 0.0015);
  // Alone nearly always.
  EXPECT_NEAR(static_cast<double>(figures.run_squares) / static_cast<double>(figures.misses), 1.02,
              0.04);
}

TEST(DeadlineStream, CopyLeavesTheOutagesThatLastUntilIt) {
  const Figures without = figures_of({}, outages(), 4ms, 300s);
  const Figures with = figures_of(copy_after(4ms), outages(), 4ms, 300s);
  EXPECT_EQ(with.repairs, with.sources);
  EXPECT_NEAR(without.miss_rate(), 0.02, 0.003);
  EXPECT_NEAR(with.miss_rate() / without.miss_rate(), 0.38, 0.06);  // e^-1 and the loss itself
  // Runs of an exponential law whose mean is four sources: squares over sum are 2 * 4, about.
  EXPECT_NEAR(static_cast<double>(without.run_squares) / static_cast<double>(without.misses), 8, 2);
}

TEST(DeadlineStream, CopyAfterTheDeadlineIsOfNoUse) {
  const Figures late = figures_of(copy_after(5ms), outages(), 4ms);
  const Figures none = figures_of({}, outages(), 4ms);
  EXPECT_NEAR(late.miss_rate(), none.miss_rate(), 0.004);
}

TEST(DeadlineStream, FullHorizonOfShortIntervalsIsFollowed) {
  DeadlineStreamConfig config;
  config.deadline = 100ms;
  config.interval = 125us;
  DeadlineStream stream(config);
  ImpairmentProfile path;
  path.delay = 500ms;
  stream.begin(path);
  Figures figures;
  stream.run(5s, figures);
  stream.finish();
  EXPECT_EQ(figures.sources, 40'000u);
  EXPECT_EQ(figures.misses, 0u);
}

TEST(LossTrace, PacketsAndRunsAreTheSame) {
  const auto singles = LossTrace::parse("ok\nok\nlost\nlost\nok\n", 1ms);
  const auto runs = LossTrace::parse("# five packets\n\n ok 2\r\nlost\t2\nok 1", 1ms);
  ASSERT_TRUE(singles && runs);
  for (const LossTrace& trace : {*singles, *runs}) {
    EXPECT_EQ(trace.packets(), 5u);
    EXPECT_EQ(trace.lost(), 2u);
    EXPECT_EQ(trace.runs(), 1u);
    EXPECT_EQ(trace.length(), 5ms);
    EXPECT_EQ(trace.longest(), 2ms);
    for (const Duration again : {0ms, 5ms, 50ms}) {
      EXPECT_FALSE(trace.is_lost(again + 1999us));
      EXPECT_TRUE(trace.is_lost(again + 2ms));
      EXPECT_TRUE(trace.is_lost(again + 3999us));
      EXPECT_FALSE(trace.is_lost(again + 4ms));
    }
  }
}

TEST(LossTrace, ShareThatIsLostForLonger) {
  const auto trace = LossTrace::parse("lost 4\nok 92\nlost\nok 2\nlost\n", 1ms);
  ASSERT_TRUE(trace);
  EXPECT_DOUBLE_EQ(trace->lost_for_longer(0ms), 0.06);
  EXPECT_DOUBLE_EQ(trace->lost_for_longer(1ms), 0.03);
  EXPECT_DOUBLE_EQ(trace->lost_for_longer(4ms), 0);
}

TEST(LossTrace, WhatIsNoTraceIsNamedWithItsLine) {
  const auto error_of = [](const char* text) {
    const auto trace = LossTrace::parse(text, 1ms);
    return trace ? std::string() : trace.error().substr(0, 12);
  };
  EXPECT_EQ(error_of("ok\nlots 3\n"), "2: \"lots 3\" ");
  EXPECT_EQ(error_of("ok 0"), "1: \"ok 0\" is");
  EXPECT_EQ(error_of("ok -1"), "1: \"ok -1\" i");
  EXPECT_EQ(error_of("lost 1.5"), "1: \"lost 1.5");
  EXPECT_EQ(error_of("lost 3 4"), "1: \"lost 3 4");
  EXPECT_EQ(error_of("ok 99999999999999999999999"), "1: \"ok 99999");
  EXPECT_EQ(error_of("ok 1000000000\nok"), "2: more than");
  EXPECT_EQ(error_of("# nothing\n"), "1: there is ");
}

TEST(Impairment, TraceIsReplayedFromAMomentOfItsSeed) {
  const auto trace = LossTrace::parse("lost 3\nok 97\n", 1ms);
  ASSERT_TRUE(trace);
  ImpairmentProfile profile;
  profile.trace = &*trace;
  std::vector<std::string> all;
  for (const std::uint64_t seed : {1u, 1u, 2u}) {
    Impairment path(profile, seed);
    std::string fates;
    for (Instant sent{}; sent < Instant{1s}; sent += 1ms)
      fates += path.fate_of(sent).is_lost() ? '-' : '+';
    EXPECT_EQ(std::count(fates.begin(), fates.end(), '-'), 30);
    all.push_back(fates);
  }
  EXPECT_EQ(all[0], all[1]);
  EXPECT_NE(all[0], all[2]);
}

}  // namespace
}  // namespace usbgw::simulation
