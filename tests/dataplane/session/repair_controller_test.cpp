#include "dataplane/session/repair_controller.h"

#include <gtest/gtest.h>

#include "common/random.h"

namespace usbgw::session {
namespace {

using namespace std::chrono_literals;

// A source each millisecond, a report each 100 ms.
class Receiver {
 public:
  explicit Receiver(Duration deadline, std::uint64_t share = 0) {
    controller.open(deadline, share);
  }
  // Independent losses, or runs of geometric length.
  void run(Duration length, double loss, double goes_on = 0) {
    for (Duration done{}; done < length; done += 1ms) {
      now_ += 1ms;
      controller.source_sent(192, now_);
      is_down_ = random_.chance(is_down_ ? goes_on : loss * (1 - goes_on));
      ++report.settled;
      if (is_down_) {
        ++report.missing;
        if (!was_down_) ++report.runs;
      }
      was_down_ = is_down_;
      if (report.settled % 100 == 0) controller.report(report, now_, round_trip);
    }
  }
  [[nodiscard]] double overhead() const { return controller.choice().overhead; }
  [[nodiscard]] const RepairPlan& plan() const { return controller.choice().plan; }

  RepairController controller;
  wire::LossReportRecord report;
  RoundTrip round_trip{8ms, 8ms, 9ms};

 private:
  Random random_{7};
  Instant now_ = Instant{} + 10s;
  bool is_down_ = false;
  bool was_down_ = false;
};

TEST(RepairController, StreamsStartProtected) {
  Receiver receiver(4ms);
  EXPECT_EQ(receiver.plan(), (RepairPlan{RepairScheme::block, 1, 1, 2ms}));
  receiver.report.spread_us = 500;
  receiver.run(10s, 0);
  EXPECT_EQ(receiver.plan(), (RepairPlan{RepairScheme::block, 1, 1, 3475us}));
}

TEST(RepairController, CopiesFollowADeadlineThatMoves) {
  Receiver receiver(4ms);
  receiver.controller.set_deadline(6ms);
  EXPECT_EQ(receiver.plan(), (RepairPlan{RepairScheme::block, 1, 1, 3ms}));
  receiver.report.spread_us = 500;
  receiver.run(10s, 0);
  EXPECT_EQ(receiver.plan(), (RepairPlan{RepairScheme::block, 1, 1, 5475us}));
  receiver.controller.set_deadline(4ms);
  receiver.run(200ms, 0);
  EXPECT_EQ(receiver.plan(), (RepairPlan{RepairScheme::block, 1, 1, 3475us}));
}

TEST(RepairController, NothingIsAddedOnceThePathIsClean) {
  Receiver receiver(4ms);
  receiver.run(30s, 0.007);
  EXPECT_GT(receiver.overhead(), 0);
  receiver.run(60s, 0);
  EXPECT_EQ(receiver.overhead(), 0);
  EXPECT_EQ(receiver.plan().repair, 0u);
}

TEST(RepairController, LossAfterACleanTimeBringsRepairWithTheNextReport) {
  Receiver receiver(4ms);
  receiver.run(60s, 0);
  ASSERT_EQ(receiver.overhead(), 0);
  ++receiver.report.missing;
  ++receiver.report.runs;
  receiver.run(100ms, 0);
  EXPECT_GE(receiver.overhead(), 0.5);
}

TEST(RepairController, OutagesWantACopyAsLateAsTheDeadlineLets) {
  Receiver receiver(4ms);
  receiver.run(20s, 0.007, 0.5);
  EXPECT_EQ(receiver.plan().scheme, RepairScheme::block);
  EXPECT_EQ(receiver.plan().data, 1u);
  EXPECT_EQ(receiver.plan().spread, 4ms);
}

TEST(RepairController, JitterLeavesLessOfTheDeadline) {
  Receiver receiver(4ms);
  receiver.report.spread_us = 1000;
  receiver.run(20s, 0.007, 0.5);
  EXPECT_EQ(receiver.plan().spread, 2950us);
}

TEST(RepairController, ShortRoundTripNeedsResendsAlone) {
  Receiver receiver(4ms);
  receiver.round_trip = {500us, 500us, 600us};
  receiver.run(20s, 0.007);
  EXPECT_EQ(receiver.overhead(), 0);
  EXPECT_TRUE(receiver.controller.choice().resends);
}

TEST(RepairController, LongRoundTripTakesNoResends) {
  Receiver receiver(4ms);
  receiver.run(20s, 0.007);
  EXPECT_GE(receiver.overhead(), 0.5);
  EXPECT_FALSE(receiver.controller.choice().resends);
}

TEST(RepairController, NeverTakesMoreThanItsShare) {
  // 192 kB/s of sources.
  Receiver receiver(1ms, 300'000);
  for (int i = 0; i < 60; ++i) {
    receiver.run(1s, i < 10 ? 0 : 0.02, 0.3);
    EXPECT_LE(192'000 * (1 + receiver.overhead()), 300'000) << i;
  }
}

TEST(RepairController, ShareHoldsWithoutAnyReport) {
  RepairController controller;
  controller.open(4ms, 300'000);
  for (int i = 0; i < 100; ++i) controller.source_sent(192, Instant{} + 10s + i * 1ms);
  EXPECT_EQ(controller.choice().overhead, 0);
}

TEST(RepairController, SilentReceiver_StreamIsProtectedAgain) {
  Receiver receiver(4ms);
  receiver.run(70s, 0);
  ASSERT_EQ(receiver.overhead(), 0);
  for (int i = 0; i < 1100; ++i) receiver.controller.source_sent(192, Instant{} + 80s + i * 1ms);
  EXPECT_EQ(receiver.overhead(), 1);
}

TEST(RepairController, SameReportAgainAndAgainIsLookedAtOnce) {
  Receiver receiver(4ms);
  receiver.run(1s, 0);
  const RepairChoice before = receiver.controller.choice();
  wire::LossReportRecord next = receiver.report;
  next.settled += 100;
  next.missing += 50;
  next.runs += 50;
  receiver.controller.report(next, Instant{} + 11s + 1ms, receiver.round_trip);
  EXPECT_EQ(receiver.controller.choice(), before);
  receiver.controller.report(next, Instant{} + 11s + 20ms, receiver.round_trip);
  EXPECT_NE(receiver.controller.choice(), before);
}

// 8000 sources a second, D = 200 ms: what is older than the history has nothing to be made of.
TEST(RepairController, CopyIsNoLaterThanTheHistoryLasts) {
  RepairController controller;
  controller.open(200ms, 0);
  wire::LossReportRecord report;
  Instant now = Instant{} + 10s;
  for (int i = 0; i < 16'000; ++i) {
    now += 125us;
    controller.source_sent(1400, now);
    ++report.settled;
    if (i % 20 == 0) {
      ++report.missing;
      ++report.runs;
    }
    if (i % 800 == 0) controller.report(report, now, {300ms, 300ms, 310ms});
  }
  EXPECT_GT(controller.choice().plan.repair, 0u);
  EXPECT_LT(controller.choice().plan.spread, 32ms);
}

TEST(RepairController, ReportsThatCannotBeChangeNothing) {
  Receiver receiver(4ms);
  receiver.run(1s, 0);
  const RepairChoice before = receiver.controller.choice();
  wire::LossReportRecord hostile = receiver.report;
  hostile.settled += 10;
  hostile.missing += 4'000'000'000u;
  receiver.controller.report(hostile, Instant{} + 20s, receiver.round_trip);
  EXPECT_EQ(receiver.controller.choice(), before);
}

}  // namespace
}  // namespace usbgw::session
