#include <gtest/gtest.h>

#include "common/byte_order.h"
#include "common/random.h"
#include "tests/usbside/host/iso_in_rig.h"

namespace usbgw::host::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class IsoInPlayout : public IsoInRig {};

TEST_P(IsoInPlayout, FirstUrb_OpensTheStreamWithItsGeometry) {
  open();
  rig->start(queue);
  ASSERT_EQ(rig->agent.opens.size(), 1u);
  EXPECT_EQ(rig->agent.opens[0].kind, wire::StreamKind::isochronous);
  EXPECT_EQ(rig->agent.opens[0].packet_bytes, nominal_bytes(GetParam()) + 4);
  EXPECT_EQ(rig->agent.opens[0].playout, milliseconds(2));
  EXPECT_EQ(rig->agent.opens[0].epoch, kEpoch);
  EXPECT_EQ(rig->agent.opens[0].urb_intervals, per_urb);
}

TEST_P(IsoInPlayout, CleanPath_EverySampleOnceAtConstantDelay) {
  open();
  rig->start(queue);
  play(0, 5000, kOnTime);
  rig->run_until(bus->host_time(0) + milliseconds(4900));
  const auto account = rig->stream_status(kAudioIn).account;
  EXPECT_EQ(account.concealed, 0u);
  EXPECT_EQ(account.unlinked, 0u);
  EXPECT_EQ(account.lead_in, 0u);
  EXPECT_EQ(account.late, 0u);
  const auto heard = recording();
  EXPECT_EQ(heard, counting_frames(0, heard.size() / 4));
  EXPECT_GT(heard.size() / 4, 48u * 4800u);
  std::int64_t last = static_cast<std::int64_t>(per_urb) - 1;
  for (const auto& completion : queue.completions) {
    const Duration delay = completion.at - bus->host_time(last);
    EXPECT_NEAR(static_cast<double>(delay.count()), 6e6, 60e3) << last;  // base + D
    last += static_cast<std::int64_t>(per_urb);
  }
  const auto status = rig->stream_status(kAudioIn);
  EXPECT_NEAR(static_cast<double>(status.latency_p99), 6e6, 100e3);
  EXPECT_NEAR(status.clock_ppm, -50, 5);
  expect_cadence();
  expect_sums();
}

TEST_P(IsoInPlayout, JitterWithinD_LosesNothing) {
  open(milliseconds(5));  // jitter, and the millisecond that a body gathers
  Random random(21);
  rig->start(queue);
  play(0, 3000,
       [&](std::int64_t) { return std::optional<Duration>(Duration{random.below(3'800'000)}); });
  rig->run_until(bus->host_time(0) + milliseconds(2000));
  EXPECT_EQ(rig->stream_status(kAudioIn).account.concealed, 0u);
  const auto heard = recording();
  EXPECT_EQ(heard, counting_frames(0, heard.size() / 4));
  expect_cadence();
}

TEST_P(IsoInPlayout, LostIntervals_TrueLengthAndSampleCountKept) {
  open();
  Random random(22);
  rig->start(queue);
  std::size_t lost = 0;
  play(0, 3000, [&](std::int64_t b) -> std::optional<Duration> {
    if (b > 20 && random.chance(0.05)) {
      if (b < 1900) ++lost;
      return std::nullopt;
    }
    return Duration::zero();
  });
  rig->run_until(bus->host_time(0) + milliseconds(2000));
  const auto account = rig->stream_status(kAudioIn).account;
  EXPECT_GE(account.concealed, lost * per_urb);
  const auto heard = recording();
  const auto expected = counting_frames(0, heard.size() / 4);
  ASSERT_EQ(heard.size(), queue.completions.size() * per_urb * frames * 4);
  std::size_t altered = 0;
  for (std::size_t i = 0; i < heard.size(); i += 4) {
    if (!std::equal(heard.begin() + static_cast<std::ptrdiff_t>(i),
                    heard.begin() + static_cast<std::ptrdiff_t>(i + 4),
                    expected.begin() + static_cast<std::ptrdiff_t>(i))) {
      ++altered;
    }
  }
  EXPECT_LE(altered, account.concealed * frames);
  expect_sums();
}

TEST_P(IsoInPlayout, NothingComes_SilenceAfter50msAtTheNominalRate) {
  open();
  rig->start(queue);
  const Instant begin = rig->now;
  rig->run_until(begin + seconds(1));
  ASSERT_GT(queue.completions.size(), 900u);
  EXPECT_EQ(queue.completions[0].at, begin + milliseconds(50));
  EXPECT_EQ(queue.completions[0].status, UrbStatus::ok);
  EXPECT_EQ(rig->stream_status(kAudioIn).account.lead_in, queue.completions.size() * per_urb);
  expect_cadence();
}

TEST_P(IsoInPlayout, NetworkStopsForASecond_SilenceOnTimeThenSamplesAgain) {
  open();
  rig->start(queue);
  play(0, 3000, [](std::int64_t b) -> std::optional<Duration> {
    if (b >= 500 && b < 1500) return std::nullopt;
    return Duration::zero();
  });
  rig->run_until(bus->host_time(0) + milliseconds(2500));
  expect_cadence();
  expect_sums();
  const auto heard = recording();
  ASSERT_EQ(heard.size(), queue.completions.size() * per_urb * frames * 4);
  const auto tail = heard.size() - 4800;
  const auto expected = counting_frames(0, heard.size() / 4);
  EXPECT_TRUE(std::equal(heard.begin() + static_cast<std::ptrdiff_t>(tail), heard.end(),
                         expected.begin() + static_cast<std::ptrdiff_t>(tail)));
}

// What may come between a device and its driver, for `length` from body 500 on.
struct Interruption {
  const char* name;
  // When the body sent at `into` of the interruption arrives after its time; none: never.
  std::optional<Duration> (*delay)(Duration into, Duration length);
  bool is_worker_asleep = false;
  bool is_driver_pausing = false;
};

std::optional<Duration> never(Duration, Duration) {
  return std::nullopt;
}
std::optional<Duration> with_the_end(Duration into, Duration length) {
  return length - into;
}
std::optional<Duration> in_time(Duration, Duration) {
  return Duration::zero();
}

constexpr Interruption kInterruptions[] = {
    {"network loses everything", never},     {"network holds everything back", with_the_end},
    {"worker sleeps", in_time, true},        {"worker sleeps, network too", with_the_end, true},
    {"driver pauses", in_time, false, true},
};

// Bit-exact again within 250 ms of the end, at the delay that was: never silent for good.
TEST_P(IsoInPlayout, AfterAnyGap_EverySampleAgainWithin250ms) {
  for (const Interruption& what : kInterruptions) {
    for (const Duration length : {milliseconds(50), milliseconds(200), milliseconds(1000),
                                  milliseconds(5000), milliseconds(61000)}) {
      SCOPED_TRACE(std::string(what.name) + " for " + std::to_string(length / milliseconds(1)));
      open();
      queue.completions.clear();
      queue.outstanding.clear();
      rig->start(queue);
      const std::int64_t gap = length / milliseconds(1);
      play(0, 500 + gap + 1000, [&](std::int64_t b) -> std::optional<Duration> {
        if (b < 500 || b >= 500 + gap) return Duration::zero();
        return what.delay(milliseconds(b - 500), length);
      });
      const auto begin = bus->host_time(500 * static_cast<std::int64_t>(per_urb));
      rig->run_until(begin);
      if (what.is_worker_asleep) rig->now = begin + length;
      if (what.is_driver_pausing) {
        rig->stop(queue);
        rig->run_until(begin + length);
        rig->start(queue);
      }
      rig->run_until(begin + length + milliseconds(250));
      queue.completions.clear();
      rig->run_until(begin + length + milliseconds(750));
      const auto heard = recording();
      ASSERT_GE(heard.size(), 490u * 192);
      EXPECT_EQ(heard, counting_frames(load_le<std::uint16_t>(heard.data()), heard.size() / 4));
      EXPECT_LE(rig->stream_status(kAudioIn).latency_p50, (kOneWay + milliseconds(3)).count());
      if (!what.is_worker_asleep) expect_cadence();
    }
  }
}

constexpr SetupPacket kGetRate{0xA2, 0x81, 0x0100, kAudioIn.value(), 3};

// 8 kHz, as the device says it.
std::vector<std::byte> rate_of_8000() {
  return {std::byte{0x40}, std::byte{0x1F}, std::byte{0}};
}

TEST_P(IsoInPlayout, RateThatTheDeviceAnswered_IsThatOfTheSilenceBeforeData) {
  open();
  rig->control(kSelectAudioInOfAnyRate);
  rig->control(kGetRate, rate_of_8000());
  rig->start(queue);
  rig->run_until(rig->now + milliseconds(550));
  const double bytes = 8000.0 * 4 * 1e-3 * static_cast<double>(queue.completions.size());
  EXPECT_GT(queue.completions.size(), 400u);
  EXPECT_NEAR(static_cast<double>(recording().size()), bytes, 8);
}

TEST_P(IsoInPlayout, RateChangedWhileStreaming_MissingIntervalsHaveItAtOnce) {
  open();
  rig->control(kSelectAudioInOfAnyRate);
  rig->start(queue);
  play(0, 300, kOnTime);
  rig->run_until(bus->host_time(0) + milliseconds(310));
  ASSERT_GT(rig->stream_status(kAudioIn).account.direct, 200u);
  rig->control(kGetRate, rate_of_8000());
  queue.completions.clear();
  rig->run_until(rig->now + milliseconds(100));
  const double bytes = 8000.0 * 4 * 1e-3 * static_cast<double>(queue.completions.size());
  EXPECT_NEAR(static_cast<double>(recording().size()), bytes, 8);
}

TEST_P(IsoInPlayout, LateData_IsCountedAndRaisesDInSteps) {
  open(milliseconds(1), PlayoutMode::adaptive);
  Random random(23);
  rig->start(queue);
  play(0, 6000,
       [&](std::int64_t) { return std::optional<Duration>(Duration{random.below(3'000'000)}); });
  rig->run_until(bus->host_time(0) + milliseconds(5000));
  const auto status = rig->stream_status(kAudioIn);
  EXPECT_GT(status.account.late, 0u);
  EXPECT_GT(status.playout_raises, 3u);
  EXPECT_GE(status.playout, milliseconds(2));
  EXPECT_LE(status.playout, milliseconds(4));
  ASSERT_FALSE(rig->agent.margins.empty());
  EXPECT_EQ(rig->agent.margins.back().playout, status.playout);
  expect_sums();
}

TEST_P(IsoInPlayout, FixedMode_NeverMovesD) {
  open(milliseconds(1), PlayoutMode::fixed);
  Random random(24);
  rig->start(queue);
  play(0, 2000,
       [&](std::int64_t) { return std::optional<Duration>(Duration{random.below(3'000'000)}); });
  rig->run_until(bus->host_time(0) + milliseconds(1900));
  EXPECT_EQ(rig->stream_status(kAudioIn).playout, milliseconds(1));
  EXPECT_GT(rig->stream_status(kAudioIn).account.late, 0u);
}

TEST_P(IsoInPlayout, AlternateSettingZero_ClosesTheStream) {
  open();
  rig->start(queue);
  play(0, 1000, kOnTime);
  rig->run_until(bus->host_time(0) + milliseconds(100));
  rig->stop(queue);
  rig->control(kDeselectAudioIn);
  ASSERT_EQ(rig->agent.closes.size(), 1u);
  EXPECT_FALSE(rig->attachment.has_live_streams());
  rig->control(kSelectAudioIn);
  rig->start(queue);
  ASSERT_EQ(rig->agent.opens.size(), 2u);
  EXPECT_EQ(rig->agent.opens[1].epoch, StreamEpoch{2});
}

TEST_P(IsoInPlayout, WorkerSleepsOver_CatchesUpOneByOneWithoutLoss) {
  open();
  rig->start(queue);
  play(0, 2000, kOnTime);
  rig->run_until(bus->host_time(0) + milliseconds(200));
  const Instant stall = rig->now + milliseconds(8);
  rig->now = stall;  // nothing ran for 8 ms
  rig->run_until(bus->host_time(0) + milliseconds(1500));
  expect_cadence();
  const auto heard = recording();
  EXPECT_EQ(heard, counting_frames(0, heard.size() / 4));
}

TEST_P(IsoInPlayout, DeviceGap_NominalSilenceIsCounted) {
  open();
  rig->start(queue);
  play(0, 100, kOnTime);
  const auto count = static_cast<std::int64_t>(per_urb);
  for (std::int64_t i = 100 * count; i < 101 * count; ++i) {
    rig->deliver(bus->host_time(i) + kOneWay, kAudioIn, kEpoch,
                 encode_body(i, bus->stamp(i), {{{0, wire::IntervalState::device_gap}, {}}}));
  }
  play(101, 1000, kOnTime);
  rig->run_until(bus->host_time(0) + milliseconds(500));
  const auto account = rig->stream_status(kAudioIn).account;
  EXPECT_EQ(account.device_gap, per_urb);
  EXPECT_EQ(account.concealed, 0u);
  EXPECT_EQ(recording().size(), queue.completions.size() * per_urb * frames * 4);
}

TEST_P(IsoInPlayout, RepairedInterval_IsCountedAsSuch) {
  open();
  rig->start(queue);
  const auto count = static_cast<std::int64_t>(per_urb);
  for (std::int64_t b = 0; b < 100; ++b) {
    rig->deliver(bus->host_time(b * count + count - 1) + kOneWay, kAudioIn, kEpoch,
                 body(b * count, per_urb), b % 10 == 3 ? Provenance::repaired : Provenance::direct);
  }
  rig->run_until(bus->host_time(90 * count));
  EXPECT_GE(rig->stream_status(kAudioIn).account.repaired, 8 * per_urb);
}

TEST_P(IsoInPlayout, OtherEpochsAndGarbage_ChangeNothing) {
  open();
  rig->start(queue);
  play(0, 200, kOnTime);
  rig->run_until(bus->host_time(0) + milliseconds(50));
  const auto count = static_cast<std::int64_t>(per_urb);
  rig->attachment.receive(item_of(kAudioIn, StreamEpoch{9}, rig->now), body(70 * count, per_urb),
                          rig->now);
  rig->attachment.receive(item_of(kAudioIn, kEpoch, rig->now), std::vector<std::byte>(5), rig->now);
  rig->attachment.receive(item_of(kAudioIn, kEpoch, rig->now), body(50'000'000, per_urb), rig->now);
  rig->run_until(bus->host_time(0) + milliseconds(190));
  const auto heard = recording();
  EXPECT_EQ(heard, counting_frames(0, heard.size() / 4));
}

TEST_P(IsoInPlayout, PeerLost_AllUrbsEndAtOnce) {
  open();
  rig->start(queue);
  rig->run_until(rig->now + milliseconds(5));
  rig->attachment.peer_lost(rig->now);
  rig->settle();
  EXPECT_EQ(rig->vhci.pending(), 0u);
  for (const auto& completion : queue.completions)
    EXPECT_EQ(completion.status, UrbStatus::shutdown);
  EXPECT_EQ(rig->attachment.next_deadline(), kNever);
}

INSTANTIATE_TEST_SUITE_P(Speeds, IsoInPlayout, ::testing::Values(Speed::full, Speed::high),
                         [](const auto& speed) { return std::string(to_string(speed.param)); });

}  // namespace
}  // namespace usbgw::host::test
