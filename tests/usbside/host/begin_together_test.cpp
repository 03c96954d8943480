// A program that plays and records: both directions begin at one instant, when they open and when
// they begin again.
#include <gtest/gtest.h>

#include "tests/usbside/host/iso_in_rig.h"

namespace usbgw::host::test {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

class BeginTogether : public IsoInRig {
 protected:
  static constexpr Duration kPlayout = milliseconds(2);
  static constexpr Duration kOpens = milliseconds(8);  // until the agent answers

  BeginTogether() {
    playback = {kAudioOut, 4, per_urb, nominal_bytes(GetParam()), {}, true, {}, {}, 0};
    open(kPlayout);
    rig->control(kSelectAudioOut);
    rig->agent.expects_rewriting = true;
  }
  // Capture has data from bus time `captures` on, playback a clock from its beginning.
  void start(Duration captures) {
    rig->start(playback);
    rig->start(queue);
    wire::StreamOpened opened;
    opened.attachment = kAttachment;
    opened.endpoint = kAudioOut;
    opened.epoch = kEpoch;
    opened.ok = true;
    opened.interval = interval;
    opened.submit_ahead = milliseconds(2);
    rig->at(rig->now + kOpens, [this, opened] { rig->attachment.stream_opened(opened, rig->now); });
    for (Duration at{}; at < seconds(2); at += milliseconds(4)) {
      wire::ClockReport report;
      report.index = static_cast<std::uint32_t>(at / interval);
      report.stamp = bus->stamp(at / interval);
      report.submitted_ahead = opened.submit_ahead;
      rig->deliver_report(bus->host_time(at / interval) + kOneWay, kAudioOut, kEpoch, report);
    }
    play(captures / milliseconds(1), 2000, kOnTime);
  }
  void run_until(Duration bus_time) { rig->run_until(bus->host_time(0) + bus_time); }
  // When the first interval was due of the first URB that completed after `after`.
  [[nodiscard]] Instant began(const DriverQueue& driver, Instant after) const {
    for (const auto& completion : driver.completions) {
      if (completion.at > after) {
        return completion.at - interval * static_cast<std::int64_t>(per_urb - 1);
      }
    }
    return kNever;
  }
  // What it gets for beginning again so soon.
  [[nodiscard]] Duration slack() const { return rig->stream_status(kAudioOut).start_slack; }
  void expect_together(Instant after) const {
    const Duration apart = began(playback, after) - began(queue, after) - slack();
    EXPECT_GE(apart, -microseconds(1));
    EXPECT_LE(apart, interval);
  }
  void stop_both() {
    rig->agent.collect();
    rig->stop(playback);
    rig->stop(queue);
  }
  void expect_nothing_lost() const {
    EXPECT_EQ(rig->stream_status(kAudioIn).account.concealed, 0u);
    for (const auto& [index, got] : rig->agent.received) {
      EXPECT_LE(got.sent + kOneWay, bus->host_time(index) - milliseconds(2)) << index;
    }
  }

  DriverQueue playback;
};

TEST_P(BeginTogether, BothOpen_PlaybackWaitsForTheFirstData) {
  const Instant before = rig->now;
  start(milliseconds(5));
  run_until(milliseconds(500));
  rig->agent.collect();
  expect_together(before);
  expect_nothing_lost();
}

TEST_P(BeginTogether, CaptureThatNeverDelivers_IsNotWaitedForLongerThan20Ms) {
  const Instant before = rig->now;
  start(seconds(2));
  run_until(milliseconds(500));
  const Instant first_report = bus->host_time(0) + kOneWay;
  const Duration waited = began(playback, before) - first_report;
  EXPECT_GE(waited, milliseconds(20));
  EXPECT_LE(waited, milliseconds(20) + interval);
}

// As after an XRUN of linked streams: playback's URBs come first.
TEST_P(BeginTogether, BothBeginAgain_PlaybackWaitsForTheUrbsOfCapture) {
  start(Duration::zero());
  run_until(milliseconds(300));
  for (const Duration between : {microseconds(0), microseconds(300), microseconds(900)}) {
    stop_both();
    rig->run_until(rig->now + microseconds(170));
    const Instant before = rig->now;
    rig->start(playback);
    rig->run_until(rig->now + between);
    rig->start(queue);
    rig->run_until(rig->now + milliseconds(100));
    expect_together(before);
  }
  rig->agent.collect();
  expect_nothing_lost();
}

TEST_P(BeginTogether, OnlyPlaybackBeginsAgain_WaitsAMillisecondForCapture) {
  start(Duration::zero());
  run_until(milliseconds(300));
  stop_both();
  const Instant before = rig->now;
  rig->start(playback);
  rig->run_until(rig->now + milliseconds(50));
  const Duration waited = began(playback, before) - before - slack();
  EXPECT_GE(waited, milliseconds(1));
  EXPECT_LE(waited, milliseconds(1) + interval);
}

TEST_P(BeginTogether, CaptureRuns_PlaybackBeginsAgainAtOnce) {
  start(Duration::zero());
  run_until(milliseconds(300));
  rig->run_until(rig->now + microseconds(170));
  rig->agent.collect();
  rig->stop(playback);
  const Instant before = rig->now;
  rig->start(playback);
  rig->run_until(rig->now + milliseconds(50));
  EXPECT_LE(began(playback, before) - before - slack(), interval);
}

INSTANTIATE_TEST_SUITE_P(Speeds, BeginTogether, ::testing::Values(Speed::full, Speed::high),
                         [](const auto& speed) { return std::string(to_string(speed.param)); });

}  // namespace
}  // namespace usbgw::host::test
