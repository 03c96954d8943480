#include <gtest/gtest.h>

#include "common/byte_order.h"
#include "common/random.h"
#include "tests/usbside/host/rig.h"

namespace usbgw::host::test {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr StreamEpoch kEpoch{1};
constexpr Duration kOneWay = milliseconds(4);

class IsoInPlayout : public ::testing::TestWithParam<Speed> {
 protected:
  IsoInPlayout() : interval(interval_of(GetParam())), frames(nominal_bytes(GetParam()) / 4) {
    per_urb = static_cast<std::size_t>(milliseconds(1) / interval);
    queue = {kAudioIn, 12, per_urb, nominal_bytes(GetParam()) + 4, {}, true, {}, {}, 0};
  }
  void open(Duration playout = milliseconds(2), PlayoutMode mode = PlayoutMode::fixed) {
    PlayoutConfig config;
    config.playout = playout;
    config.mode = mode;
    rig = std::make_unique<Rig>(GetParam(), config);
    bus = std::make_unique<FakeBus>(interval, seconds(77), 50, rig->now + milliseconds(8));
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
      EXPECT_LE(gap, urb + milliseconds(50)) << i;
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

const auto kOnTime = [](std::int64_t) { return std::optional<Duration>(Duration::zero()); };

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

TEST_P(IsoInPlayout, DriverStartsAnywhere_UrbsBeginWhereTransfersDo) {
  open(microseconds(250));  // less than a transfer: whoever wanted two of them would wait in vain
  play(0, 400, [](std::int64_t) { return std::optional<Duration>(Duration{}); });
  const auto urb = static_cast<std::int64_t>(per_urb);
  rig->run_until(bus->host_time(20 * urb + urb / 2) + kOneWay);
  rig->start(queue);
  rig->run_until(bus->host_time(400 * urb));
  const auto account = rig->stream_status(kAudioIn).account;
  EXPECT_GT(account.direct, 300u * per_urb);
  EXPECT_EQ(account.concealed, 0u);
  expect_sums();
}

// Transfers that no datagram holds: each comes in two bodies, and the driver starts between them.
TEST_P(IsoInPlayout, TransferInSeveralBodies_UrbBeginsWhereTheTransferDoes) {
  per_urb = queue.packets = 8;
  open(microseconds(250));
  const auto urb = static_cast<std::int64_t>(per_urb);
  for (std::int64_t b = 0; b < 400; ++b) {
    for (const std::int64_t part : {0, 1}) {
      const std::int64_t first = b * urb + part * urb / 2;
      std::vector<IntervalBytes> intervals;
      for (std::int64_t i = first; i < first + urb / 2; ++i) {
        intervals.push_back({{static_cast<std::uint16_t>(frames * 4), wire::IntervalState::ok},
                             counting_frames(i * static_cast<std::int64_t>(frames), frames)});
      }
      rig->deliver(bus->host_time(b * urb + urb - 1) + kOneWay, kAudioIn, kEpoch,
                   encode_body(first, bus->stamp(first + urb / 2 - 1), intervals, {}, part == 0));
    }
  }
  rig->run_until(bus->host_time(20 * urb + urb / 2) + kOneWay);
  rig->start(queue);
  rig->run_until(bus->host_time(400 * urb));
  const auto account = rig->stream_status(kAudioIn).account;
  EXPECT_GT(account.direct, 300u * per_urb);
  EXPECT_EQ(account.concealed, 0u);
}

// Transfers shorter than a URB: it begins with any of them, not a URB's length after the last
// start.
TEST_P(IsoInPlayout, TransfersShorterThanAUrb_UrbBeginsWithTheNextOne) {
  constexpr std::int64_t kTransfer = 4;
  per_urb = queue.packets = 8;
  open(16 * interval);
  for (std::int64_t first = 0; first < 1400; first += kTransfer) {
    rig->deliver(bus->host_time(first + kTransfer - 1) + kOneWay, kAudioIn, kEpoch,
                 body(first, kTransfer));
  }
  for (std::int64_t start = 100; start < 1300; start += 101) {
    rig->run_until(bus->host_time(start) + kOneWay);
    const std::size_t before = queue.completions.size();
    const Instant started = rig->now;
    rig->start(queue);
    rig->run_until(started + 50 * interval);
    rig->stop(queue);
    if (start == 100) continue;  // what a transfer is was not known yet
    ASSERT_GT(queue.completions.size(), before);
    const auto frame = load_le<std::uint16_t>(queue.completions[before].data.data());
    const std::int64_t began = frame / static_cast<std::int64_t>(frames);
    EXPECT_EQ(began % kTransfer, 0);
    EXPECT_LE(bus->host_time(began + 16) + kOneWay,
              started + kTransfer * interval + microseconds(1));
  }
}

// Wide formats: each interval is cut, and the pieces overtake each other.
TEST_P(IsoInPlayout, FirstTransferInPiecesBackwards_NothingOfItIsLost) {
  open();
  rig->start(queue);
  const auto count = static_cast<std::int64_t>(per_urb);
  const std::size_t half = frames * 2;
  for (std::int64_t piece = 0; piece < 2 * count; ++piece) {
    const std::int64_t index = piece / 2;
    const std::size_t at = piece % 2 == 0 ? 0 : half;
    const auto whole = counting_frames(index * static_cast<std::int64_t>(frames), frames);
    wire::IsochronousBody cut;
    cut.first_index = static_cast<std::uint32_t>(index);
    cut.stamp = bus->stamp(index);
    cut.count = 1;
    cut.intervals[0] = {static_cast<std::uint16_t>(whole.size()), wire::IntervalState::ok};
    cut.is_fragment = true;
    cut.is_last_fragment = at != 0;
    cut.fragment_offset = static_cast<std::uint16_t>(at);
    cut.payload = std::span(whole).subspan(at, half);
    std::vector<std::byte> bytes(512);
    const auto length = encode(cut, bytes);
    ASSERT_TRUE(length);
    bytes.resize(*length);
    const Duration later = microseconds(10) * (2 * count - piece);
    rig->deliver(bus->host_time(count - 1) + kOneWay + later, kAudioIn, kEpoch, bytes);
  }
  play(1, 200, kOnTime);
  rig->run_until(bus->host_time(150 * count));
  EXPECT_EQ(rig->stream_status(kAudioIn).account.concealed, 0u);
  const auto heard = recording();
  EXPECT_EQ(heard, counting_frames(0, heard.size() / 4));
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

TEST_P(IsoInPlayout, DriverStopsAndStartsAgain_NoStaleSamples) {
  open();
  rig->start(queue);
  play(0, 5000, kOnTime);
  rig->run_until(bus->host_time(0) + milliseconds(500));
  rig->stop(queue);
  EXPECT_EQ(rig->vhci.pending(), 0u);
  rig->run_until(rig->now + milliseconds(700));
  queue.completions.clear();
  const Instant restart = rig->now;
  rig->start(queue);
  rig->run_until(restart + milliseconds(300));
  ASSERT_EQ(rig->agent.opens.size(), 1u);  // same epoch
  ASSERT_FALSE(queue.completions.empty());
  EXPECT_LE(queue.completions[0].at, restart + milliseconds(3));
  const auto heard = recording();
  const auto begin = load_le<std::uint16_t>(heard.data());
  EXPECT_EQ(heard, counting_frames(begin, heard.size() / 4));
  const auto expected_begin =
      (restart - kOneWay - milliseconds(2) - bus->host_time(0)) / milliseconds(1) * 48;
  EXPECT_NEAR(begin, static_cast<double>(expected_begin % 65536), 100);
  EXPECT_GT(rig->stream_status(kAudioIn).account.unlinked, 0u);
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

TEST_P(IsoInPlayout, DriverIsLittleLate_KeepsThePhase) {
  open();
  queue.urbs = 1;
  queue.resubmit_after = microseconds(700);
  rig->start(queue);
  play(0, 2000, kOnTime);
  rig->run_until(bus->host_time(0) + milliseconds(1500));
  EXPECT_EQ(rig->stream_status(kAudioIn).account.unlinked, 0u);
  const auto heard = recording();
  EXPECT_EQ(heard, counting_frames(0, heard.size() / 4));
}

// As after an XRUN, 3 ms later: each URB comes when a local bus would have it, or
// later by less than a transfer.
TEST_P(IsoInPlayout, DriverStopsAndStarts_GetsWhatIsDueNow) {
  open();
  rig->start(queue);
  play(0, 1000, kOnTime);
  rig->run_until(bus->host_time(0) + milliseconds(500));
  rig->stop(queue);
  const Duration urb = interval * static_cast<std::int64_t>(per_urb);
  rig->run_until(rig->now + milliseconds(3) + urb / 4);
  const std::size_t before = queue.completions.size();
  const Instant again = rig->now;
  rig->start(queue);
  rig->run_until(again + milliseconds(100));
  ASSERT_GT(queue.completions.size(), before + 90);
  for (std::size_t i = 0; i < 90; ++i) {
    const Instant on_a_bus = again + urb * static_cast<std::int64_t>(i + 1);
    EXPECT_GT(queue.completions[before + i].at, on_a_bus - interval) << i;
    EXPECT_LE(queue.completions[before + i].at, on_a_bus + urb) << i;
  }
  EXPECT_EQ(rig->stream_status(kAudioIn).account.concealed, 0u);
}

TEST_P(IsoInPlayout, DriverIsMuchLate_IntervalsAreGone) {
  open();
  queue.urbs = 1;
  queue.resubmit_after = milliseconds(20);
  rig->start(queue);
  play(0, 2000, kOnTime);
  rig->run_until(bus->host_time(0) + milliseconds(1500));
  const auto account = rig->stream_status(kAudioIn).account;
  EXPECT_GT(account.unlinked, account.direct);
  expect_sums();
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
