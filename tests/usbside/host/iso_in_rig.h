// One isochronous IN stream at either speed: a driver above, a bus below, and the bodies between.
#pragma once

#include <gtest/gtest.h>

#include <optional>

#include "tests/usbside/host/rig.h"

namespace usbgw::host::test {

class IsoInRig : public ::testing::TestWithParam<Speed> {
 protected:
  static constexpr StreamEpoch kEpoch{1};
  static constexpr Duration kOneWay = std::chrono::milliseconds(4);

  IsoInRig() : interval(interval_of(GetParam())), frames(nominal_bytes(GetParam()) / 4) {
    per_urb = static_cast<std::size_t>(std::chrono::milliseconds(1) / interval);
    queue = {kAudioIn, 12, per_urb, nominal_bytes(GetParam()) + 4, {}, true, {}, {}, 0};
  }
  void open(Duration playout = std::chrono::milliseconds(2),
            PlayoutMode mode = PlayoutMode::fixed) {
    PlayoutConfig config;
    config.playout = playout;
    config.mode = mode;
    rig = std::make_unique<Rig>(GetParam(), config);
    bus = std::make_unique<FakeBus>(interval, std::chrono::seconds(77), 50,
                                    rig->now + std::chrono::milliseconds(8));
    rig->attachment.set_path(bus->path(kOneWay));
    rig->control(kSelectAudioIn);
  }
  // Interval n carries frames n * frames ...; one body an interval (a millisecond at high speed).
  std::vector<std::byte> body(std::int64_t first, std::size_t count) const {
    std::vector<IntervalBytes> intervals;
    std::vector<std::uint16_t> history;
    for (std::int64_t i = std::max<std::int64_t>(first - 16, 0); i < first; ++i) {
      history.push_back(static_cast<std::uint16_t>(frames * 4));
    }
    for (std::size_t i = 0; i < count; ++i) {
      const auto index = first + static_cast<std::int64_t>(i);
      intervals.push_back({{static_cast<std::uint16_t>(frames * 4), wire::IntervalState::ok},
                           counting_frames(index * static_cast<std::int64_t>(frames), frames)});
    }
    return encode_body(first, bus->stamp(first + static_cast<std::int64_t>(count) - 1), intervals,
                       history);
  }
  // Sends bodies [from, to) of one millisecond each; lost and late ones as the caller says.
  template <class Delay>
  void play(std::int64_t from, std::int64_t to, Delay delay) {
    const auto count = static_cast<std::int64_t>(per_urb);
    for (std::int64_t b = from; b < to; ++b) {
      const std::optional<Duration> extra = delay(b);
      if (!extra) continue;
      const Instant at = bus->host_time(b * count + count - 1) + kOneWay + *extra;
      rig->deliver(at, kAudioIn, kEpoch, body(b * count, per_urb));
    }
  }
  [[nodiscard]] std::vector<std::byte> recording() const {
    std::vector<std::byte> all;
    for (const auto& completion : queue.completions) {
      all.insert(all.end(), completion.data.begin(), completion.data.end());
    }
    return all;
  }
  // Every completion within 50 ms of its nominal time, and never two at once.
  void expect_cadence() const {
    const Duration urb = interval * static_cast<std::int64_t>(per_urb);
    for (std::size_t i = 1; i < queue.completions.size(); ++i) {
      const Duration gap = queue.completions[i].at - queue.completions[i - 1].at;
      EXPECT_GE(gap, urb / 2) << i;
      EXPECT_LE(gap, urb + std::chrono::milliseconds(50)) << i;
    }
  }
  void expect_sums() const {
    const auto account = rig->stream_status(kAudioIn).account;
    EXPECT_EQ(account.total() - account.unlinked, queue.completions.size() * per_urb);
  }

  Duration interval;
  std::size_t frames;
  std::size_t per_urb = 1;
  DriverQueue queue;
  std::unique_ptr<Rig> rig;
  std::unique_ptr<FakeBus> bus;
};

inline const auto kOnTime = [](std::int64_t) { return std::optional<Duration>(Duration::zero()); };

}  // namespace usbgw::host::test
