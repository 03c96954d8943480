// One isochronous OUT stream at either speed: a driver above, and an agent that reports its bus
// clock.
#pragma once

#include <gtest/gtest.h>

#include <optional>

#include "tests/usbside/host/rig.h"

namespace usbgw::host::test {

class IsoOutRig : public ::testing::TestWithParam<Speed> {
 protected:
  static constexpr StreamEpoch kEpoch{1};
  static constexpr Duration kOneWay = std::chrono::milliseconds(4);
  static constexpr Duration kAhead = std::chrono::milliseconds(2);
  static constexpr Duration kPlayout = std::chrono::milliseconds(2);

  IsoOutRig() : interval(interval_of(GetParam())), packet(nominal_bytes(GetParam())) {
    per_urb = static_cast<std::size_t>(std::chrono::milliseconds(1) / interval);
    queue = {kAudioOut, 4, per_urb, packet, {}, true, {}, {}, 0};
    PlayoutConfig config;
    config.mode = PlayoutMode::fixed;
    config.playout = kPlayout;
    rig = std::make_unique<Rig>(GetParam(), config);
    bus = std::make_unique<FakeBus>(interval, std::chrono::seconds(-33), -40,
                                    rig->now + std::chrono::milliseconds(9));
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
    for (Duration at = from; at < to; at += std::chrono::milliseconds(4)) {
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
    report(std::chrono::seconds(5));
    const std::int64_t turn = std::chrono::seconds(5) / interval;
    bus->start_ -= by;
    report(std::chrono::seconds(5), std::chrono::seconds(9),
           [] { return std::optional<Duration>(Duration::zero()); });
    rig->run_until(bus->host_time(0) + std::chrono::seconds(8));
    rig->agent.collect();
    for (const auto& [index, got] : rig->agent.received) {
      if (index < turn + std::chrono::milliseconds(60) / interval) continue;
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
      EXPECT_LE(gap, urb + std::chrono::milliseconds(50)) << i;
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

}  // namespace usbgw::host::test
