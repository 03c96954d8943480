// A driver that comes late, runs dry, or takes its URBs back and starts again.
#include <gtest/gtest.h>

#include "tests/usbside/host/iso_out_rig.h"

namespace usbgw::host::test {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

class IsoOutStart : public IsoOutRig {
 protected:
  // Bus time; the agent reports up to `reported`.
  void play_until(Duration end, Duration reported) {
    rig->start(queue);
    open();
    report(reported);
    rig->run_until(bus->host_time(0) + end);
  }
  [[nodiscard]] std::int64_t first_sent_at(Instant when) const {
    for (const auto& [index, got] : rig->agent.received)
      if (got.sent == when) return index;
    return INT64_MAX;
  }
};

TEST_P(IsoOutStart, LateDriver_SkipsIntervalsAndCountsThem) {
  queue.urbs = 1;
  queue.resubmit_after = milliseconds(7);
  play_until(seconds(1), seconds(2));
  rig->agent.collect();
  expect_all_in_time();
  const auto account = rig->stream_status(kAudioOut).account;
  EXPECT_GT(account.unlinked, account.direct * 4);
  const auto out = played();
  EXPECT_EQ(out, counting_frames(0, out.size() / 4));  // gaps in index, not in data
}

TEST_P(IsoOutStart, Unlink_IsAnsweredAtOnce) {
  play_until(milliseconds(100), seconds(1));
  rig->stop(queue);
  EXPECT_EQ(rig->vhci.pending(), 0u);
  EXPECT_EQ(rig->attachment.next_deadline(), kNever);
  EXPECT_EQ(rig->stream_status(kAudioOut).account.unlinked, 0u);  // free for whoever comes next
}

// As after an XRUN: the driver takes its URBs back and starts anew at once.
TEST_P(IsoOutStart, Restart_GetsTheIntervalsThatWereTakenBack) {
  rig->agent.expects_rewriting = true;
  play_until(milliseconds(500), seconds(2));
  rig->agent.collect();
  const auto urb = static_cast<std::int64_t>(per_urb);
  const std::int64_t free = rig->agent.received.rbegin()->first + 1 - 4 * urb;
  const std::int64_t frame = queue.next_frame;
  rig->stop(queue);
  rig->start(queue);
  rig->agent.collect();
  const std::int64_t again = first_sent_at(rig->now);
  EXPECT_GE(again, free);
  EXPECT_LE(again, free + urb);  // what of the first one was past
  const auto& bytes = rig->agent.received.at(again).bytes;
  EXPECT_EQ(bytes, counting_frames(frame, bytes.size() / 4));
  rig->run_until(bus->host_time(0) + seconds(1));
  rig->agent.collect();
  expect_all_in_time();
  const auto account = rig->stream_status(kAudioOut).account;
  EXPECT_EQ(account.unlinked, static_cast<std::uint64_t>(again - free));
  // Nothing is counted twice: all but what is queued.
  EXPECT_EQ(account.direct + account.unlinked,
            static_cast<std::uint64_t>(rig->agent.received.rbegin()->first + 1 -
                                       rig->agent.received.begin()->first - 4 * urb));
}

// The worker is late, and a URB completes between two that are taken back.
TEST_P(IsoOutStart, Restart_AfterACompletionBetweenUnlinks_GetsThemToo) {
  rig->agent.expects_rewriting = true;
  play_until(milliseconds(500), seconds(2));
  const auto urb = static_cast<std::int64_t>(per_urb);
  const std::int64_t free = rig->agent.received.rbegin()->first + 1 - 3 * urb;
  queue.resubmit_after = seconds(5);  // the one that completes is not submitted again
  const auto rest = std::next(queue.outstanding.begin());
  for (auto each = rest; each != queue.outstanding.end(); ++each) rig->vhci.unlink(each->first);
  queue.outstanding.erase(rest, queue.outstanding.end());
  rig->run_until(rig->now + milliseconds(2));
  queue.resubmit_after = {};
  EXPECT_EQ(rig->vhci.pending(), 0u);
  rig->start(queue);
  rig->agent.collect();
  const std::int64_t again = first_sent_at(rig->now);
  EXPECT_GE(again, free);
  EXPECT_LE(again, free + 2 * urb);
  rig->run_until(bus->host_time(0) + seconds(1));
  expect_all_in_time();
}

// Its next URB comes at once; that the worker woke late is not its doing, and D covers it.
TEST_P(IsoOutStart, OneUrbAndAWorkerThatWakesLate_NothingIsSkipped) {
  queue.urbs = 1;
  queue.resubmit_after = microseconds(100);
  rig->wake_up_late = microseconds(400);
  play_until(seconds(1), seconds(2));
  EXPECT_GT(rig->stream_status(kAudioOut).account.direct, 900u * per_urb);
  EXPECT_EQ(rig->stream_status(kAudioOut).account.unlinked, 0u);
}

// It ran dry: what it sends a little later does not begin in the past, where it would run dry
// again.
TEST_P(IsoOutStart, DriverThatRanDry_BeginsAtThePresent) {
  queue.urbs = 1;
  queue.resubmit_after = microseconds(700);  // D/2 is 1 ms
  play_until(milliseconds(500), seconds(1));
  const Duration urb = interval * static_cast<std::int64_t>(per_urb);
  for (std::size_t i = 1; i < queue.completions.size(); ++i) {
    const Duration gap = queue.completions[i].at - queue.completions[i - 1].at;
    ASSERT_GE(gap, queue.resubmit_after + urb - interval) << i;
  }
}

// A driver whose buffer is too short for what delays its completions stops at once, again and
// again.
TEST_P(IsoOutStart, StopsAgainAndAgain_EachStartGivesItMoreSlack) {
  rig->agent.expects_rewriting = true;
  play_until(seconds(11), seconds(24));
  const auto lead = [&] {
    const Instant now = rig->now;
    rig->stop(queue);
    rig->start(queue);
    rig->agent.collect();
    return bus->host_time(first_sent_at(now)) - now;
  };
  const Duration after_a_long_run = lead();
  Duration last = after_a_long_run;
  for (int i = 0; i < 3; ++i) {
    rig->run_until(rig->now + milliseconds(100));
    const Duration again = lead();
    EXPECT_NEAR(static_cast<double>((again - last).count()), 250'000.0,
                static_cast<double>(interval.count()) + 1000);
    last = again;
  }
  rig->run_until(rig->now + seconds(11));
  EXPECT_LE(lead(), last + interval);
}

TEST_P(IsoOutStart, LaterRestart_WhatHasPassedIsUnlinked) {
  rig->agent.expects_rewriting = true;
  play_until(milliseconds(500), seconds(2));
  rig->stop(queue);
  const auto unlinked = rig->stream_status(kAudioOut).account.unlinked;
  rig->run_until(rig->now + milliseconds(100));
  rig->start(queue);
  rig->run_until(bus->host_time(0) + seconds(1));
  rig->agent.collect();
  expect_all_in_time();
  EXPECT_NEAR(static_cast<double>(rig->stream_status(kAudioOut).account.unlinked - unlinked),
              static_cast<double>(milliseconds(100) / interval),
              2.0 * static_cast<double>(per_urb));
}

INSTANTIATE_TEST_SUITE_P(Speeds, IsoOutStart, ::testing::Values(Speed::full, Speed::high),
                         [](const auto& speed) { return std::string(to_string(speed.param)); });

}  // namespace
}  // namespace usbgw::host::test
