#include <gtest/gtest.h>

#include "common/random.h"
#include "tests/usbside/host/iso_out_rig.h"

namespace usbgw::host::test {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

class IsoOutPacer : public IsoOutRig {};

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

TEST_P(IsoOutPacer, WorkerSleepsOver_NeverDrainsTheQueueAtOnce) {
  rig->start(queue);
  open();
  report(seconds(2));
  rig->run_until(bus->host_time(0) + milliseconds(200));
  rig->now += milliseconds(6);
  rig->run_until(bus->host_time(0) + seconds(1));
  expect_cadence();
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
  ASSERT_EQ(rig->agent.margins.size(), 1u);
  EXPECT_EQ(rig->agent.margins[0].playout, kPlayout + microseconds(500));
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
