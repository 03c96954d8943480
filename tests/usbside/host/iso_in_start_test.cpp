// Where an isochronous IN stream begins: with the first data, and when its driver starts again.
#include <gtest/gtest.h>

#include "common/byte_order.h"
#include "tests/usbside/host/iso_in_rig.h"

namespace usbgw::host::test {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

class IsoInStart : public IsoInRig {
 protected:
  // In the middle of a transfer, of which 400 come.
  void start_between_transfers() {
    const auto urb = static_cast<std::int64_t>(per_urb);
    rig->run_until(bus->host_time(20 * urb + urb / 2) + kOneWay);
    rig->start(queue);
    rig->run_until(bus->host_time(400 * urb));
    const auto account = rig->stream_status(kAudioIn).account;
    EXPECT_GT(account.direct, 300u * per_urb);
    EXPECT_EQ(account.concealed, 0u);
    expect_sums();
  }
};

TEST_P(IsoInStart, DriverStartsAnywhere_UrbsBeginWhereTransfersDo) {
  open(microseconds(250));  // less than a transfer: whoever wanted two of them would wait in vain
  play(0, 400, kOnTime);
  start_between_transfers();
}

// Transfers that no datagram holds: each comes in two bodies, and the driver starts between them.
TEST_P(IsoInStart, TransferInSeveralBodies_UrbBeginsWhereTheTransferDoes) {
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
  start_between_transfers();
}

// Transfers shorter than a URB: it begins with any of them, not a URB's length after the last
// start.
TEST_P(IsoInStart, TransfersShorterThanAUrb_UrbBeginsWithTheNextOne) {
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
TEST_P(IsoInStart, FirstTransferInPiecesBackwards_NothingOfItIsLost) {
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

TEST_P(IsoInStart, DriverStopsAndStartsAgain_NoStaleSamples) {
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

TEST_P(IsoInStart, DriverIsLittleLate_KeepsThePhase) {
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
TEST_P(IsoInStart, DriverStopsAndStarts_GetsWhatIsDueNow) {
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

TEST_P(IsoInStart, DriverIsMuchLate_IntervalsAreGone) {
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

INSTANTIATE_TEST_SUITE_P(Speeds, IsoInStart, ::testing::Values(Speed::full, Speed::high),
                         [](const auto& speed) { return std::string(to_string(speed.param)); });

}  // namespace
}  // namespace usbgw::host::test
