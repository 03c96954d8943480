#include "common/random.h"
#include "tests/usbside/device/attachment_rig.h"

namespace usbgw::device {
namespace {

constexpr auto kIsochronous = wire::StreamKind::isochronous;

std::vector<std::byte> tone(std::int64_t index, std::size_t length) {
  std::vector<std::byte> bytes(length);
  for (std::size_t i = 0; i < length; ++i)
    bytes[i] = static_cast<std::byte>(1 + (index * 7 + static_cast<std::int64_t>(i)) % 250);
  return bytes;
}

std::size_t length_of(std::int64_t index) {
  return index % 4 == 3 ? 28 : 24;
}

struct Player {
  explicit Player(const StreamTuning& tuning = {}) : rig(512, tuning) {
    rig.select(1, 1);
    rig.attachment.open_stream(rig.open(kAudioOut, kIsochronous, 28), rig.now);
    first_bus = rig.device.bus_interval();
  }
  void send(std::int64_t first, std::size_t count, std::size_t history = 0) {
    wire::IsochronousBody body;
    body.first_index = static_cast<std::uint32_t>(first);
    body.stamp = rig.now;
    body.count = static_cast<std::uint8_t>(count);
    std::vector<std::byte> payload;
    for (std::size_t i = 0; i < count; ++i) {
      const auto index = first + static_cast<std::int64_t>(i);
      body.intervals[i].length = static_cast<std::uint16_t>(length_of(index));
      const auto bytes = tone(index, length_of(index));
      payload.insert(payload.end(), bytes.begin(), bytes.end());
    }
    body.history_count = static_cast<std::uint8_t>(history);
    for (std::size_t i = 0; i < history; ++i)
      body.history[i] = static_cast<std::uint16_t>(
          length_of(first - static_cast<std::int64_t>(history) + static_cast<std::int64_t>(i)));
    body.payload = payload;
    std::array<std::byte, 2048> bytes;
    const auto size = encode(body, bytes);
    ASSERT_TRUE(size);
    deliver(std::span(bytes).first(*size));
  }
  void deliver(std::span<const std::byte> bytes) {
    StreamItem item;
    item.stream = stream_of(kAttachment, kAudioOut);
    item.epoch = StreamEpoch{1};
    rig.attachment.receive(item, bytes, rig.now);
  }
  std::vector<wire::ClockReport> reports() {
    std::vector<wire::ClockReport> all;
    for (const auto& received : rig.items)
      if (received.item.kind == ItemKind::clock_report)
        all.push_back(*wire::ClockReport::decode(received.bytes));
    return all;
  }
  // As the host does when the driver selects alternate setting 0; the request's transaction.
  std::uint64_t close_and_deselect() {
    rig.attachment.close_stream({kAttachment, kAudioOut, StreamEpoch{1}});
    rig.attachment.submit(rig.control(77, {0x01, 11, 0, 1, 0}));
    return 77;
  }
  [[nodiscard]] const DeviceCounters& counters() const { return rig.attachment.counters(); }
  // What the bus carried for stream index `index`, if there was no gap.
  const std::vector<std::byte>& played(std::int64_t index) {
    return rig.device.audio_out[first_bus + index];
  }

  AttachmentRig rig;
  std::int64_t first_bus = 0;
};

TEST(IsochronousOut, DataThatCameInTimeGoesOutUnchangedInItsInterval) {
  Player player;
  EXPECT_EQ(player.rig.opened[0].submit_ahead, std::chrono::milliseconds(2));
  std::int64_t next = 0;
  for (int i = 0; i < 400; ++i) {
    while (next < i * 2 + 60) {
      player.send(next, 4, next >= 16 ? 16 : 0);
      next += 4;
    }
    player.rig.step(std::chrono::microseconds(250));
  }
  for (std::int64_t index = 16; index < 780; ++index)
    ASSERT_EQ(player.played(index), tone(index, length_of(index))) << index;
  EXPECT_EQ(player.counters()[DeviceCounter::out_missing], 0u);
  EXPECT_EQ(player.counters()[DeviceCounter::out_late], 16u);  // the ring began before data could
  EXPECT_EQ(player.counters()[DeviceCounter::out_gaps], 0u);
}

TEST(IsochronousOut, MissingDataIsSilenceOfTheTrueLengthWhereHistoryTellsIt) {
  Player player;
  player.send(16, 40);
  player.send(64, 40, 8);  // 56..63 are lost, their lengths known
  player.rig.run(std::chrono::milliseconds(20));
  for (std::int64_t index = 56; index < 64; ++index)
    EXPECT_EQ(player.played(index), std::vector<std::byte>(length_of(index))) << index;
  EXPECT_EQ(player.played(64), tone(64, length_of(64)));
  // The report before the last submissions tells the same count.
  EXPECT_NEAR(player.reports().back().missing,
              static_cast<double>(player.counters()[DeviceCounter::out_missing]), 16);
}

TEST(IsochronousOut, LengthsNobodyToldFollowTheMean) {
  Player player;
  player.send(16, 64);  // 25 bytes on average, frames of 4
  player.rig.run(std::chrono::milliseconds(60));
  std::size_t bytes = 0;
  for (std::int64_t index = 80; index < 480; ++index) {
    EXPECT_EQ(player.played(index).size() % 4, 0u);
    bytes += player.played(index).size();
  }
  EXPECT_NEAR(static_cast<double>(bytes), 400 * 25.0, 8);
}

TEST(IsochronousOut, LateDataIsCountedAndNotPlayed) {
  Player player;
  player.send(16, 16);
  player.rig.run(std::chrono::milliseconds(10));  // 80 intervals have passed
  player.send(40, 8);
  EXPECT_EQ(player.counters()[DeviceCounter::out_late], 8u);
  player.rig.run(std::chrono::milliseconds(10));
  const auto reports = player.reports();
  EXPECT_EQ(reports.back().late, 8u);
  const auto worst = std::min_element(
      reports.begin(), reports.end(),
      [](const auto& a, const auto& b) { return a.least_margin < b.least_margin; });
  EXPECT_LT(worst->least_margin, std::chrono::milliseconds(-5));
  EXPECT_GT(worst->least_margin, std::chrono::milliseconds(-9));
}

TEST(IsochronousOut, ReportsComeAtLeastTwoHundredAndFiftyTimesASecond) {
  Player player;
  player.rig.run(std::chrono::seconds(1));
  const auto reports = player.reports();
  EXPECT_GE(reports.size(), 250u);
  EXPECT_LE(reports.size(), 1000u);
  for (std::size_t i = 1; i < reports.size(); ++i) {
    const auto intervals = static_cast<std::int64_t>(reports[i].index - reports[i - 1].index);
    EXPECT_EQ(reports[i].stamp - reports[i - 1].stamp, kMicroframe * intervals);
    EXPECT_NEAR(to_milliseconds(reports[i].submitted_ahead), 2.0, 0.3);
  }
}

TEST(IsochronousOut, MarginIsTheTimeBeforeSubmission) {
  Player player;
  player.rig.run(std::chrono::milliseconds(50));
  const auto last = player.reports().back();
  // Two transfers of 8 are queued: 8 intervals later the next is submitted, 5 transfers after it
  // this one.
  player.rig.items.clear();
  player.send(last.index + 1 + 16 + 40, 8);
  player.rig.run(std::chrono::milliseconds(5));
  const auto reports = player.reports();
  ASSERT_FALSE(reports.empty());
  EXPECT_NEAR(to_milliseconds(reports.front().least_margin), 6.0, 1.1);
  EXPECT_EQ(reports.back().least_margin, Duration{INT32_MAX});
}

TEST(IsochronousOut, DataFarOutsideTheWindowIsDroppedAndCounted) {
  Player player;
  player.send(1'000'000, 8);
  player.send(0xFFFFFF00, 8);  // before the beginning
  EXPECT_EQ(player.counters()[DeviceCounter::out_outside_window], 8u);
  EXPECT_EQ(player.counters()[DeviceCounter::out_malformed], 8u);
}

TEST(IsochronousOut, WindowIsAsManyIntervalsAsAskedForButHoldsADriversQueue) {
  Player player(StreamTuning{.out_window = 1000});
  player.send(900, 8);
  player.send(1200, 8);
  EXPECT_EQ(player.counters()[DeviceCounter::out_outside_window], 8u);
  Player least(StreamTuning{.out_window = 64});
  least.send(160, 8);  // 20 ms ahead at 125 us
  EXPECT_EQ(least.counters()[DeviceCounter::out_outside_window], 0u);
}

TEST(IsochronousOut, DataHalfASecondAheadIsKept) {
  Player player;
  player.send(4000, 8);
  player.rig.run(std::chrono::milliseconds(510));
  EXPECT_EQ(player.played(4003), tone(4003, length_of(4003)));
  EXPECT_EQ(player.counters()[DeviceCounter::out_outside_window], 0u);
}

// The driver closes when its last URB is back, which is D_out before the device plays it.
TEST(IsochronousOut, ClosedStreamPlaysWhatHasComeBeforeTheSettingChanges) {
  Player player(StreamTuning{.out_ahead = std::chrono::milliseconds(48)});
  std::int64_t next = 384;
  for (; next < 1000; next += 4) player.send(next, 4);
  const auto deselect = player.close_and_deselect();
  player.rig.run(std::chrono::milliseconds(124));
  EXPECT_TRUE(player.rig.attachment.has_open_streams());
  EXPECT_EQ(player.rig.device.commands.size(), 1u);
  player.rig.run(std::chrono::milliseconds(4));
  EXPECT_FALSE(player.rig.attachment.has_open_streams());
  ASSERT_EQ(player.rig.device.commands.size(), 2u);
  EXPECT_EQ(player.rig.device.streams_in_flight_at_command, 0u);
  player.rig.device.finish_command(UrbStatus::ok);
  player.rig.run(std::chrono::milliseconds(1));
  EXPECT_TRUE(player.rig.has_reply(deselect));
  for (std::int64_t index = 384; index < 1000; ++index)
    ASSERT_EQ(player.played(index), tone(index, length_of(index))) << index;
  EXPECT_EQ(player.counters()[DeviceCounter::out_missing], 0u);
}

TEST(IsochronousOut, ClosedStreamIsCutWhenTheBusDoesNotPlayItsRest) {
  Player player;
  player.send(400, 8);
  // A command that does not end: until then the device gives nothing back.
  player.rig.attachment.submit(player.rig.control(76, {0x01, 11, 1, 2, 0}));
  const auto deselect = player.close_and_deselect();
  player.rig.run(std::chrono::milliseconds(150));
  EXPECT_TRUE(player.rig.attachment.has_open_streams());
  player.rig.run(std::chrono::milliseconds(5));
  EXPECT_FALSE(player.rig.attachment.has_open_streams());
  player.rig.device.finish_command(UrbStatus::ok);
  player.rig.run(std::chrono::milliseconds(1));
  ASSERT_EQ(player.rig.device.commands.size(), 3u);
  player.rig.device.finish_command(UrbStatus::ok);
  player.rig.run(std::chrono::milliseconds(1));
  EXPECT_TRUE(player.rig.has_reply(deselect));
}

TEST(IsochronousOut, DetachDoesNotWaitForTheRest) {
  Player player;
  player.send(400, 8);
  player.close_and_deselect();
  player.rig.attachment.begin_detach();
  player.rig.run(std::chrono::milliseconds(2));
  EXPECT_TRUE(player.rig.attachment.is_drained());
}

TEST(IsochronousOut, GarbageAndOversizedIntervalsAreCounted) {
  Player player;
  player.deliver(std::vector<std::byte>(40));
  wire::IsochronousBody body;
  body.count = 1;
  body.intervals[0].length = 29;
  body.first_index = 30;
  const std::vector<std::byte> payload(29);
  body.payload = payload;
  std::array<std::byte, 256> bytes;
  player.deliver(std::span(bytes).first(*encode(body, bytes)));
  EXPECT_EQ(player.counters()[DeviceCounter::out_malformed], 2u);
}

TEST(IsochronousOut, FragmentsAreJoined) {
  Player player;
  const auto whole = tone(40, 28);
  wire::IsochronousBody body;
  body.first_index = 40;
  body.count = 1;
  body.is_fragment = true;
  body.intervals[0].length = 28;
  for (const std::size_t at : {std::size_t{20}, std::size_t{0}, std::size_t{10}}) {
    body.fragment_offset = static_cast<std::uint16_t>(at);
    body.is_last_fragment = at == 20;
    body.payload = std::span(whole).subspan(at, at == 20 ? 8 : 10);
    std::array<std::byte, 256> bytes;
    player.deliver(std::span(bytes).first(*encode(body, bytes)));
  }
  player.rig.run(std::chrono::milliseconds(10));
  EXPECT_EQ(player.played(40), whole);
}

// A driver that took its URBs back writes their intervals anew.
TEST(IsochronousOut, TheLaterWritingOfAnIntervalIsPlayed) {
  Player player;
  const auto deliver = [&](std::int64_t index, std::int64_t sound, Duration written) {
    const auto bytes_of_it = tone(sound, 24);
    wire::IsochronousBody body;
    body.first_index = static_cast<std::uint32_t>(index);
    body.stamp = player.rig.now + written;
    body.count = 1;
    body.intervals[0].length = 24;
    body.payload = bytes_of_it;
    std::array<std::byte, 256> bytes;
    player.deliver(std::span(bytes).first(*encode(body, bytes)));
  };
  deliver(40, 1, std::chrono::microseconds(1));
  deliver(40, 2, std::chrono::microseconds(2));
  deliver(41, 2, std::chrono::microseconds(2));
  deliver(41, 1, std::chrono::microseconds(1));  // it was overtaken
  player.rig.run(std::chrono::milliseconds(10));
  EXPECT_EQ(player.played(40), tone(2, 24));
  EXPECT_EQ(player.played(41), tone(2, 24));
}

// What was taken back, and not written again before its time, is not played between what was.
TEST(IsochronousOut, WhatWasTakenBackIsSilence) {
  Player player;
  player.send(40, 16);
  player.rig.now += std::chrono::microseconds(1);
  player.send(40, 8);  // 48 to 55 are lost
  player.rig.run(std::chrono::milliseconds(12));
  EXPECT_EQ(player.played(47), tone(47, length_of(47)));
  for (std::int64_t index = 48; index < 56; ++index) {
    const auto& bytes = player.played(index);
    EXPECT_EQ(bytes, std::vector<std::byte>(bytes.size())) << index;
  }
  EXPECT_GE(player.counters()[DeviceCounter::out_missing], 8u);
}

// The worker sleeps through the ring: the bus runs on, and indices follow the bus again afterwards.
TEST(IsochronousOut, IndicesFollowTheBusThroughAGap) {
  for (const int stall_ms : {4, 10, 57}) {
    SCOPED_TRACE(stall_ms);
    Player player;
    player.rig.run(std::chrono::milliseconds(300), kMicroframe);
    player.rig.step(std::chrono::milliseconds(stall_ms));
    player.rig.run(std::chrono::milliseconds(100), kMicroframe);
    EXPECT_GE(player.counters()[DeviceCounter::out_gaps], 1u);
    const auto reports = player.reports();
    const auto& last = reports.back();
    const auto bus = player.rig.device.bus_interval() - player.first_bus;
    EXPECT_NEAR(static_cast<double>(last.index), static_cast<double>(bus), 20);
    // Data for an index now plays in the bus interval of that index.
    const std::int64_t index = last.index + 60;
    player.send(index, 8);
    player.rig.run(std::chrono::milliseconds(30), kMicroframe);
    std::int64_t found = -1;
    for (const auto& [interval, bytes] : player.rig.device.audio_out)
      if (bytes == tone(index, length_of(index))) found = interval - player.first_bus;
    EXPECT_NEAR(static_cast<double>(found), static_cast<double>(index), 1);
  }
}

// After the ring ran dry the next completions are reaped late as well: what is not certain is not
// counted, and nothing stays counted too much.
TEST(IsochronousOut, DryRingReapedLate_IndicesDoNotRunAheadOfTheBus) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    Player player;
    const auto ahead = [&] {
      const auto last = player.reports().back();
      return std::int64_t{last.index} - (last.stamp - Instant{}) / kMicroframe;
    };
    player.rig.run(std::chrono::milliseconds(300), std::chrono::microseconds(100));
    const std::int64_t before = ahead();
    player.rig.step(std::chrono::microseconds(2000 + random.below(30'000)));
    for (int i = 0; i < 3; ++i) {
      player.rig.step(std::chrono::microseconds(50 + random.below(200)));
      player.rig.step(std::chrono::microseconds(500 + random.below(6000)));
    }
    player.rig.run(std::chrono::milliseconds(100), std::chrono::microseconds(100));
    EXPECT_NEAR(static_cast<double>(ahead()), static_cast<double>(before), 1);
    EXPECT_GE(player.counters()[DeviceCounter::out_gaps], 1u);
  }
}

// A machine that is late all the time: the ring runs dry again and again, and the indices stay with
// the bus.
TEST(IsochronousOut, IndicesStayWithTheBusOnALateMachine) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    Random random(seed);
    Player player;
    for (int i = 0; i < 5000; ++i)
      player.rig.step(
          std::chrono::microseconds(random.chance(0.1) ? random.below(6000) : random.below(1000)));
    player.rig.run(std::chrono::milliseconds(20), kMicroframe);
    EXPECT_GT(player.counters()[DeviceCounter::out_gaps], 100u);
    const auto last = player.reports().back();
    const auto bus = player.rig.device.bus_interval() - player.first_bus;
    EXPECT_NEAR(static_cast<double>(last.index), static_cast<double>(bus), 48) << "seed " << seed;
  }
}

TEST(IsochronousOut, LossAccountingAddsUp) {
  Random random(11);
  Player player;
  std::int64_t next = 0;
  std::uint64_t lost = 0;
  for (int i = 0; i < 4000; ++i) {
    while (next < i * 2 + 80) {
      const bool is_lost = random.chance(0.05) && next > 40;
      if (is_lost)
        lost += 4;
      else
        player.send(next, 4, next >= 16 ? 16 : 0);
      next += 4;
    }
    player.rig.step(std::chrono::microseconds(250));
  }
  const auto missing = player.counters()[DeviceCounter::out_missing];
  EXPECT_LE(missing, lost);
  EXPECT_GE(missing + 4 * 24, lost);  // the newest are not due yet
  EXPECT_EQ(player.counters()[DeviceCounter::out_gaps], 0u);
  for (const auto& [interval, bytes] : player.rig.device.audio_out) {
    const std::int64_t index = interval - player.first_bus;
    if (index >= 40) {
      ASSERT_EQ(bytes.size(), length_of(index)) << index;
    }
  }
}

}  // namespace
}  // namespace usbgw::device
