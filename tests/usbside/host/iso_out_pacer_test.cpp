#include <gtest/gtest.h>

#include <optional>

#include "common/random.h"
#include "tests/usbside/host/rig.h"

namespace usbgw::host::test {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr StreamEpoch kEpoch{1};
constexpr Duration kOneWay = milliseconds(4);
constexpr Duration kAhead = milliseconds(2);
constexpr Duration kPlayout = milliseconds(2);

class IsoOutPacer : public ::testing::TestWithParam<Speed> {
 protected:
  IsoOutPacer() : interval(interval_of(GetParam())), packet(nominal_bytes(GetParam())) {
    per_urb = static_cast<std::size_t>(milliseconds(1) / interval);
    queue = {kAudioOut, 4, per_urb, packet, {}, true, {}, {}, 0};
    PlayoutConfig config;
    config.mode = PlayoutMode::fixed;
    config.playout = kPlayout;
    rig = std::make_unique<Rig>(GetParam(), config);
    bus = std::make_unique<FakeBus>(interval, seconds(-33), -40, rig->now + milliseconds(9));
    rig->attachment.set_path(bus->path(kOneWay));
    rig->control(kSelectAudioOut);
  }
  void open(Duration ahead = kAhead) {
    submit_ahead = ahead;
    wire::StreamOpened opened;
    opened.attachment = kAttachment;
    opened.endpoint = kAudioOut;
    opened.epoch = kEpoch;
    opened.ok = true;
    opened.interval = interval;
    opened.submit_ahead = ahead;
    rig->attachment.stream_opened(opened, rig->now);
  }
  // A report every 4 ms, as the agent sends them, for bus time [from, to).
  template <class Delay>
  void report(Duration from, Duration to, Delay delay) {
    for (Duration at = from; at < to; at += milliseconds(4)) {
      const std::int64_t index = at / interval;
      const std::optional<Duration> extra = delay();
      if (!extra) continue;
      wire::ClockReport report;
      report.index = static_cast<std::uint32_t>(index);
      report.stamp = bus->stamp(index);
      report.submitted_ahead = submit_ahead;
      rig->deliver_report(bus->host_time(index) + kOneWay + *extra, kAudioOut, kEpoch, report);
    }
  }
  void report(Duration to) {
    report(Duration::zero(), to, [] { return std::optional<Duration>(Duration::zero()); });
  }
  // Data of interval n reached the agent before n was submitted to its bus.
  void expect_all_in_time() const {
    for (const auto& [index, got] : rig->agent.received) {
      EXPECT_LE(got.sent + kOneWay, bus->host_time(index) - submit_ahead) << index;
    }
  }
  [[nodiscard]] std::int64_t first_sent_at(Instant when) const {
    for (const auto& [index, got] : rig->agent.received)
      if (got.sent == when) return index;
    return INT64_MAX;
  }
  [[nodiscard]] std::vector<std::byte> played() const {
    std::vector<std::byte> all;
    for (const auto& [index, got] : rig->agent.received) {
      all.insert(all.end(), got.bytes.begin(), got.bytes.end());
    }
    return all;
  }
  // Seconds later the numbering gains on the bus; after 50 ms all is in time again.
  void gain(Duration by) {
    rig->start(queue);
    open();
    report(seconds(5));
    const std::int64_t turn = seconds(5) / interval;
    bus->start_ -= by;
    report(seconds(5), seconds(9), [] { return std::optional<Duration>(Duration::zero()); });
    rig->run_until(bus->host_time(0) + seconds(8));
    rig->agent.collect();
    for (const auto& [index, got] : rig->agent.received) {
      if (index < turn + milliseconds(60) / interval) continue;
      ASSERT_LE(got.sent + kOneWay, bus->host_time(index) - kAhead) << index - turn;
    }
    expect_cadence();
    EXPECT_NEAR(rig->stream_status(kAudioOut).clock_ppm, 40, 5);
  }
  void expect_cadence() const {
    const Duration urb = interval * static_cast<std::int64_t>(per_urb);
    for (std::size_t i = 1; i < queue.completions.size(); ++i) {
      const Duration gap = queue.completions[i].at - queue.completions[i - 1].at;
      EXPECT_GE(gap, urb / 2) << i;
      EXPECT_LE(gap, urb + milliseconds(50)) << i;
    }
  }

  Duration interval;
  std::uint32_t packet;
  std::size_t per_urb = 1;
  Duration submit_ahead = kAhead;  // what the agent says and reports
  DriverQueue queue;
  std::unique_ptr<Rig> rig;
  std::unique_ptr<FakeBus> bus;
};

TEST_P(IsoOutPacer, CleanPath_EverySampleInTimeOnConsecutiveIntervals) {
  rig->start(queue);
  open();
  report(seconds(3));
  rig->run_until(bus->host_time(0) + seconds(2));
  rig->agent.collect();
  expect_all_in_time();
  expect_cadence();
  const auto out = played();
  EXPECT_EQ(out, counting_frames(0, out.size() / 4));
  EXPECT_GT(out.size() / 4, 48u * 1950u);
  const auto first = rig->agent.received.begin()->first;
  const auto last = rig->agent.received.rbegin()->first;
  EXPECT_EQ(static_cast<std::size_t>(last - first + 1), rig->agent.received.size());
  const auto status = rig->stream_status(kAudioOut);
  EXPECT_EQ(status.account.unlinked, 0u);
  EXPECT_EQ(status.account.lead_in, 0u);
  EXPECT_EQ(status.account.total(), queue.completions.size() * per_urb);
  EXPECT_EQ(status.submit_ahead, kAhead);
}

TEST_P(IsoOutPacer, DataLeavesWhenTheUrbArrives) {
  rig->start(queue);
  open();
  report(seconds(1));
  rig->run_until(bus->host_time(0) + milliseconds(500));
  rig->agent.collect();
  for (const auto& completion : queue.completions) {
    if (completion.submitted < bus->host_time(0) + milliseconds(20)) continue;
    bool has_left = false;
    for (const auto& [index, got] : rig->agent.received)
      has_left |= got.sent == completion.submitted;
    EXPECT_TRUE(has_left);
  }
}

TEST_P(IsoOutPacer, CompletionsFollowTheVirtualSof) {
  rig->start(queue);
  open();
  report(seconds(2));
  rig->run_until(bus->host_time(0) + milliseconds(1500));
  rig->agent.collect();
  auto index = rig->agent.received.begin()->first + static_cast<std::int64_t>(per_urb) - 1;
  for (const auto& completion : queue.completions) {
    // Ahead of the device's own bus by base + D_out (2 ms submitted ahead, 2 ms D, 0.25 ms).
    const Duration ahead = bus->host_time(index) - completion.at;
    EXPECT_NEAR(static_cast<double>(ahead.count()), 8.25e6, 60e3) << index;
    index += static_cast<std::int64_t>(per_urb);
  }
}

TEST_P(IsoOutPacer, NoReportEver_HeldFor50msThenNominalRate) {
  const Instant begin = rig->now;
  rig->start(queue);
  open();
  rig->run_until(begin + seconds(1));
  ASSERT_FALSE(queue.completions.empty());
  EXPECT_EQ(queue.completions[0].at, begin + milliseconds(50));
  EXPECT_NEAR(static_cast<double>(queue.completions.size()), 950, 2);
  expect_cadence();
  EXPECT_EQ(rig->stream_status(kAudioOut).account.lead_in, queue.completions.size() * per_urb);
}

TEST_P(IsoOutPacer, ReportsBeginLate_NothingIsBurst) {
  rig->start(queue);
  open();
  report(milliseconds(300), seconds(2), [] { return std::optional<Duration>(Duration::zero()); });
  rig->run_until(bus->host_time(0) + seconds(1));
  rig->agent.collect();
  expect_cadence();
  expect_all_in_time();
  EXPECT_GT(rig->agent.received.size(), 600 * per_urb);
}

TEST_P(IsoOutPacer, ReportsStop_ClockRunsOn) {
  rig->start(queue);
  open();
  report(seconds(3));
  rig->run_until(bus->host_time(0) + seconds(10));
  rig->agent.collect();
  expect_cadence();
  expect_all_in_time();
  const auto out = played();
  EXPECT_EQ(out, counting_frames(0, out.size() / 4));
}

TEST_P(IsoOutPacer, JitteredReports_StillInTimeAndEven) {
  Random random(31);
  rig->start(queue);
  open();
  report(Duration::zero(), seconds(4), [&]() -> std::optional<Duration> {
    if (random.chance(0.1)) return std::nullopt;
    return Duration{random.below(4'000'000)};
  });
  rig->run_until(bus->host_time(0) + seconds(3));
  rig->agent.collect();
  expect_cadence();
  expect_all_in_time();
  const auto out = played();
  EXPECT_EQ(out, counting_frames(0, out.size() / 4));
}

// The agent was stalled, or its bus has passed intervals that it has not counted yet.
TEST_P(IsoOutPacer, ReportsLateForASecond_CompletionsStayEven) {
  rig->start(queue);
  open();
  report(seconds(5));
  bus->skew_ += milliseconds(10);
  report(seconds(5), seconds(6), [] { return std::optional<Duration>(Duration::zero()); });
  bus->skew_ -= milliseconds(10);
  report(seconds(6), seconds(9), [] { return std::optional<Duration>(Duration::zero()); });
  rig->run_until(bus->host_time(0) + seconds(8));
  rig->agent.collect();
  expect_all_in_time();
  const Duration urb = interval * static_cast<std::int64_t>(per_urb);
  for (std::size_t i = 100; i < queue.completions.size(); ++i) {
    const Duration gap = queue.completions[i].at - queue.completions[i - 1].at;
    EXPECT_NEAR(to_milliseconds(gap), to_milliseconds(urb), 0.02) << i;
  }
  EXPECT_EQ(rig->stream_status(kAudioOut).account.unlinked, 0u);
  EXPECT_NEAR(rig->stream_status(kAudioOut).clock_ppm, 40, 5);
}

// The agent has counted too much: what follows is due so much earlier. FakeAgent checks that no
// interval is sent twice.
TEST_P(IsoOutPacer, NumberingGainsLessThanD_NothingIsLost) {
  gain(microseconds(1500));
  EXPECT_EQ(rig->stream_status(kAudioOut).account.unlinked, 0u);
  const auto out = played();
  EXPECT_EQ(out, counting_frames(0, out.size() / 4));
}

TEST_P(IsoOutPacer, NumberingGainsMoreThanD_QueueCatchesUpWithoutASkip) {
  gain(microseconds(2600));
  EXPECT_EQ(rig->stream_status(kAudioOut).account.unlinked, 0u);
}

TEST_P(IsoOutPacer, NumberingGainsMoreThanIsQueued_SkipsOnce) {
  gain(milliseconds(12));
  const auto account = rig->stream_status(kAudioOut).account;
  EXPECT_GT(account.unlinked * interval, milliseconds(6));
  EXPECT_LT(account.unlinked * interval, milliseconds(12));
}

TEST_P(IsoOutPacer, LateDriver_SkipsIntervalsAndCountsThem) {
  queue.urbs = 1;
  queue.resubmit_after = milliseconds(7);
  rig->start(queue);
  open();
  report(seconds(2));
  rig->run_until(bus->host_time(0) + seconds(1));
  rig->agent.collect();
  expect_all_in_time();
  const auto account = rig->stream_status(kAudioOut).account;
  EXPECT_GT(account.unlinked, account.direct * 4);
  const auto out = played();
  EXPECT_EQ(out, counting_frames(0, out.size() / 4));  // gaps in index, not in data
}

TEST_P(IsoOutPacer, WorkerSleepsOver_NeverDrainsTheQueueAtOnce) {
  rig->start(queue);
  open();
  report(seconds(2));
  rig->run_until(bus->host_time(0) + milliseconds(200));
  rig->now += milliseconds(6);
  rig->run_until(bus->host_time(0) + seconds(1));
  expect_cadence();
}

TEST_P(IsoOutPacer, Unlink_IsAnsweredAtOnce) {
  rig->start(queue);
  open();
  report(seconds(1));
  rig->run_until(bus->host_time(0) + milliseconds(100));
  rig->stop(queue);
  EXPECT_EQ(rig->vhci.pending(), 0u);
  EXPECT_EQ(rig->attachment.next_deadline(), kNever);
  EXPECT_EQ(rig->stream_status(kAudioOut).account.unlinked, 0u);  // free for whoever comes next
}

// As after an XRUN: the driver takes its URBs back and starts anew at once.
TEST_P(IsoOutPacer, Restart_GetsTheIntervalsThatWereTakenBack) {
  rig->agent.expects_rewriting = true;
  rig->start(queue);
  open();
  report(seconds(2));
  rig->run_until(bus->host_time(0) + milliseconds(500));
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
TEST_P(IsoOutPacer, Restart_AfterACompletionBetweenUnlinks_GetsThemToo) {
  rig->agent.expects_rewriting = true;
  rig->start(queue);
  open();
  report(seconds(2));
  rig->run_until(bus->host_time(0) + milliseconds(500));
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
TEST_P(IsoOutPacer, OneUrbAndAWorkerThatWakesLate_NothingIsSkipped) {
  queue.urbs = 1;
  queue.resubmit_after = microseconds(100);
  rig->wake_up_late = microseconds(400);
  rig->start(queue);
  open();
  report(seconds(2));
  rig->run_until(bus->host_time(0) + seconds(1));
  EXPECT_GT(rig->stream_status(kAudioOut).account.direct, 900u * per_urb);
  EXPECT_EQ(rig->stream_status(kAudioOut).account.unlinked, 0u);
}

// It ran dry: what it sends a little later does not begin in the past, where it would run dry
// again.
TEST_P(IsoOutPacer, DriverThatRanDry_BeginsAtThePresent) {
  queue.urbs = 1;
  queue.resubmit_after = microseconds(700);  // D/2 is 1 ms
  rig->start(queue);
  open();
  report(seconds(1));
  rig->run_until(bus->host_time(0) + milliseconds(500));
  const Duration urb = interval * static_cast<std::int64_t>(per_urb);
  for (std::size_t i = 1; i < queue.completions.size(); ++i) {
    const Duration gap = queue.completions[i].at - queue.completions[i - 1].at;
    ASSERT_GE(gap, queue.resubmit_after + urb - interval) << i;
  }
}

// A driver whose buffer is too short for what delays its completions stops at once, again and
// again.
TEST_P(IsoOutPacer, StopsAgainAndAgain_EachStartGivesItMoreSlack) {
  rig->agent.expects_rewriting = true;
  rig->start(queue);
  open();
  report(seconds(24));
  rig->run_until(bus->host_time(0) + seconds(11));
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

TEST_P(IsoOutPacer, LaterRestart_WhatHasPassedIsUnlinked) {
  rig->agent.expects_rewriting = true;
  rig->start(queue);
  open();
  report(seconds(2));
  rig->run_until(bus->host_time(0) + milliseconds(500));
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

TEST_P(IsoOutPacer, SmallPath_SourcesAreCutToFit) {
  rig->agent.largest_source = 100;
  rig->start(queue);
  open();
  report(milliseconds(200));
  rig->run_until(bus->host_time(0) + milliseconds(100));
  rig->agent.collect();
  const auto out = played();
  ASSERT_GT(out.size(), 1000u);
  EXPECT_EQ(out, counting_frames(0, out.size() / 4));
}

TEST_P(IsoOutPacer, AgentReportsLateData_RaisesDOut) {
  PlayoutConfig config;
  config.playout = kPlayout;
  rig = std::make_unique<Rig>(GetParam(), config);
  bus = std::make_unique<FakeBus>(interval, seconds(-33), 0, rig->now + milliseconds(9));
  rig->attachment.set_path(bus->path(kOneWay));
  rig->control(kSelectAudioOut);
  rig->start(queue);
  open();
  for (int i = 0; i < 100; ++i) {
    const std::int64_t index = milliseconds(10 * i) / interval;
    wire::ClockReport report;
    report.index = static_cast<std::uint32_t>(index);
    report.stamp = bus->stamp(index);
    report.submitted_ahead = kAhead;
    report.late = static_cast<std::uint32_t>(i > 50 ? 3 : 0);
    report.least_margin = microseconds(i > 50 ? -300 : 100);
    rig->deliver_report(bus->host_time(index) + kOneWay, kAudioOut, kEpoch, report);
  }
  rig->run_until(bus->host_time(0) + milliseconds(900));
  const auto status = rig->stream_status(kAudioOut);
  // 0.3 ms late: two steps of 0.25 ms. The rest of D_out is for wake-ups.
  EXPECT_EQ(status.playout_raises, 2u);
  EXPECT_EQ(status.agent_late, 3u);
  EXPECT_EQ(status.playout, kAhead + kPlayout + microseconds(500) + microseconds(250));
  expect_cadence();
}

TEST_P(IsoOutPacer, AgentFifo_IsTheMeanMarginOfReportsThatHaveOne) {
  rig->start(queue);
  open();
  for (int i = 0; i < 300; ++i) {
    const std::int64_t index = milliseconds(10 * i) / interval;
    wire::ClockReport report;
    report.index = static_cast<std::uint32_t>(index);
    report.stamp = bus->stamp(index);
    report.submitted_ahead = kAhead;
    report.least_margin = i % 10 == 0 ? wire::ClockReport::kNoMargin : Duration{milliseconds(3)};
    rig->deliver_report(bus->host_time(index) + kOneWay, kAudioOut, kEpoch, report);
  }
  rig->run_until(bus->host_time(0) + seconds(3));
  const auto fifo = rig->stream_status(kAudioOut).agent_fifo;
  ASSERT_TRUE(fifo);
  EXPECT_EQ(fifo->start, milliseconds(3));
  EXPECT_EQ(fifo->least, milliseconds(3));
  EXPECT_EQ(fifo->most, milliseconds(3));
}

TEST_P(IsoOutPacer, AgentSubmitsFarAhead_DataIsThereBefore) {
  rig->start(queue);
  open(milliseconds(100));
  report(seconds(3));
  rig->run_until(bus->host_time(0) + seconds(2));
  rig->agent.collect();
  expect_all_in_time();
  expect_cadence();
  EXPECT_GT(rig->agent.received.size(), 1800 * per_urb);
  EXPECT_EQ(rig->stream_status(kAudioOut).submit_ahead, milliseconds(100));
}

TEST_P(IsoOutPacer, ReportFarBeyondTheSchedule_IsAnAccident) {
  rig->start(queue);
  open();
  submit_ahead = milliseconds(70);
  report(seconds(1));
  rig->run_until(bus->host_time(0) + milliseconds(500));
  EXPECT_EQ(rig->stream_status(kAudioOut).submit_ahead, milliseconds(10));
}

// A machine that wakes its threads late, with a margin for that.
TEST_P(IsoOutPacer, EveryWakeUpLateByMostOfAnUrb_KeepsThePace) {
  PlayoutConfig config;
  config.mode = PlayoutMode::fixed;
  config.playout = milliseconds(40);
  rig = std::make_unique<Rig>(GetParam(), config);
  bus = std::make_unique<FakeBus>(interval, seconds(-33), 0, rig->now + milliseconds(9));
  rig->attachment.set_path(bus->path(kOneWay));
  rig->control(kSelectAudioOut);
  queue.urbs = 3;
  queue.packets = 5 * per_urb;
  rig->start(queue);
  open();
  report(seconds(1));
  rig->run_until(bus->host_time(0) + seconds(1));
  const std::size_t before = queue.completions.size();
  rig->wake_up_late = milliseconds(4);
  rig->run_until(bus->host_time(0) + seconds(6));
  rig->agent.collect();
  EXPECT_NEAR(static_cast<double>(queue.completions.size() - before), 1000, 4);
  EXPECT_EQ(rig->stream_status(kAudioOut).account.unlinked, 0u);
  expect_all_in_time();
  const auto out = played();
  EXPECT_EQ(out, counting_frames(0, out.size() / 4));
}

TEST_P(IsoOutPacer, ClockOfAnotherEpochOrGarbage_IsIgnored) {
  rig->start(queue);
  open();
  rig->deliver_report(rig->now + milliseconds(1), kAudioOut, StreamEpoch{7}, {});
  rig->run_until(rig->now + milliseconds(10));
  auto item = item_of(kAudioOut, kEpoch, rig->now);
  item.kind = ItemKind::clock_report;
  rig->attachment.receive(item, std::vector<std::byte>(7), rig->now);
  rig->run_until(rig->now + milliseconds(10));
  EXPECT_TRUE(queue.completions.empty());
  rig->agent.collect();
  EXPECT_TRUE(rig->agent.received.empty());
}

INSTANTIATE_TEST_SUITE_P(Speeds, IsoOutPacer, ::testing::Values(Speed::full, Speed::high),
                         [](const auto& speed) { return std::string(to_string(speed.param)); });

}  // namespace
}  // namespace usbgw::host::test
