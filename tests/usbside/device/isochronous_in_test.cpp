#include "common/random.h"
#include "tests/usbside/device/attachment_rig.h"

namespace usbgw::device {
namespace {

constexpr auto kIsochronous = wire::StreamKind::isochronous;

// What the host could tell from the source symbols: every interval by its index.
struct Assembled {
  struct One {
    wire::Interval interval;
    std::vector<std::byte> bytes;
    Instant end{};
  };
  std::map<std::int64_t, One> intervals;
  std::int64_t next_source = 0;

  void add(const AttachmentRig::Received& received) {
    if (received.item.kind != ItemKind::source) return;
    EXPECT_EQ(received.item.source.value(), next_source++);
    const auto body = wire::IsochronousBody::decode(received.bytes);
    ASSERT_TRUE(body);
    EXPECT_LE(received.bytes.size(), 1400u);
    check_history(*body);
    std::size_t at = 0;
    for (std::size_t i = 0; i < body->count; ++i) {
      One& one = intervals[static_cast<std::int64_t>(body->first_index + i)];
      one.interval = body->intervals[i];
      const auto size = body->is_fragment ? body->payload.size() : body->intervals[i].length;
      EXPECT_EQ(one.bytes.size(), body->is_fragment ? body->fragment_offset : 0u);
      const auto part = body->payload.subspan(at, size);
      one.bytes.insert(one.bytes.end(), part.begin(), part.end());
      one.end = body->stamp - kMicroframe * static_cast<std::int64_t>(body->count - 1 - i);
      at += size;
    }
  }
  void check_history(const wire::IsochronousBody& body) const {
    for (std::int64_t i = 0; i < body.history_count; ++i) {
      const auto found = intervals.find(body.first_index - body.history_count + i);
      ASSERT_NE(found, intervals.end());
      EXPECT_EQ(found->second.interval.length, body.history[static_cast<std::size_t>(i)]);
    }
  }
};

Assembled assemble(const AttachmentRig& rig) {
  Assembled all;
  for (const auto& item : rig.items) all.add(item);
  return all;
}

// The fake numbers its packets by bus interval: index and number must differ by a constant.
void expect_honest(const Assembled& all, const FakeDevice& device) {
  std::optional<std::int64_t> offset;
  std::int64_t expected = 0;
  for (const auto& [index, one] : all.intervals) {
    ASSERT_EQ(index, expected++);
    if (one.interval.state != wire::IntervalState::ok) continue;
    ASSERT_GE(one.bytes.size(), 4u);
    std::int64_t bus = 0;
    for (std::size_t i = 0; i < 4; ++i)
      bus |= std::to_integer<std::int64_t>(one.bytes[i]) << (8 * i);
    if (!offset) offset = bus - index;
    ASSERT_EQ(bus - index, *offset) << "at index " << index;
    EXPECT_EQ(one.bytes.size(), std::min<std::size_t>(device.in_length(bus), one.bytes.size()));
    EXPECT_EQ(one.interval.length, device.in_length(bus));
  }
}

TEST(IsochronousIn, EveryIntervalArrivesWithItsIndexLengthAndHistory) {
  AttachmentRig rig;
  rig.select(2, 1);
  rig.attachment.open_stream(rig.open(kAudioIn, kIsochronous, 28), rig.now);
  ASSERT_EQ(rig.opened.size(), 1u);
  EXPECT_TRUE(rig.opened[0].ok);
  EXPECT_EQ(rig.opened[0].interval, kMicroframe);
  rig.run(std::chrono::milliseconds(200));
  const auto all = assemble(rig);
  EXPECT_GE(all.intervals.size(), 1580u);
  expect_honest(all, rig.device);
  EXPECT_EQ(rig.attachment.counters()[DeviceCounter::in_gaps], 0u);
  EXPECT_EQ(rig.items[0].item.stream, stream_of(kAttachment, kAudioIn));
  EXPECT_EQ(rig.items[0].item.epoch, StreamEpoch{1});
}

TEST(IsochronousIn, StampIsTheCompletionTime) {
  AttachmentRig rig;
  rig.select(2, 1);
  rig.attachment.open_stream(rig.open(kAudioIn, kIsochronous, 28), rig.now);
  rig.run(std::chrono::milliseconds(50), std::chrono::microseconds(125));
  const auto all = assemble(rig);
  const Instant first = all.intervals.begin()->second.end;
  for (const auto& [index, one] : all.intervals)
    EXPECT_EQ(one.end - first, kMicroframe * (index - all.intervals.begin()->first));
}

TEST(IsochronousIn, RingIsDeepEnoughForThirtyMillisecondsWithoutATurn) {
  AttachmentRig rig;
  rig.select(2, 1);
  rig.attachment.open_stream(rig.open(kAudioIn, kIsochronous, 28), rig.now);
  for (int i = 0; i < 20; ++i) {
    rig.run(std::chrono::milliseconds(10));
    rig.step(std::chrono::milliseconds(28));
  }
  expect_honest(assemble(rig), rig.device);
  EXPECT_EQ(rig.attachment.counters()[DeviceCounter::in_gaps], 0u);
}

TEST(IsochronousIn, IntervalsThatPassedWhileTheRingWasDryAreSentAsGap) {
  for (const int dry_ms : {40, 45, 100, 230}) {
    SCOPED_TRACE(dry_ms);
    AttachmentRig rig(1024);
    rig.select(2, 1);
    rig.attachment.open_stream(rig.open(kAudioIn, kIsochronous, 28), rig.now);
    rig.run(std::chrono::milliseconds(300));
    rig.step(std::chrono::milliseconds(dry_ms));
    rig.run(std::chrono::milliseconds(300), std::chrono::microseconds(40));
    const auto all = assemble(rig);
    expect_honest(all, rig.device);
    const auto gaps = std::count_if(all.intervals.begin(), all.intervals.end(), [](const auto& i) {
      return i.second.interval.state == wire::IntervalState::device_gap;
    });
    EXPECT_EQ(static_cast<std::uint64_t>(gaps),
              rig.attachment.counters()[DeviceCounter::in_gap_intervals]);
    EXPECT_NEAR(static_cast<double>(gaps), (dry_ms - 32) * 8, 10);
    EXPECT_EQ(rig.attachment.counters()[DeviceCounter::in_gaps], 1u);
  }
}

TEST(IsochronousIn, JitteredTurnsMakeNoGap) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    Random random(seed);
    AttachmentRig rig;
    rig.select(2, 1);
    rig.attachment.open_stream(rig.open(kAudioIn, kIsochronous, 28), rig.now);
    for (int i = 0; i < 1000; ++i)
      rig.step(std::chrono::microseconds(random.chance(0.02) ? random.below(25'000)
                                                             : random.below(2000)));
    expect_honest(assemble(rig), rig.device);
    EXPECT_EQ(rig.attachment.counters()[DeviceCounter::in_gaps], 0u) << "seed " << seed;
  }
}

TEST(IsochronousIn, IntervalLargerThanASourceIsFragmented) {
  AttachmentRig rig(2048);
  rig.device.in_length = [](std::int64_t index) {
    return static_cast<std::size_t>(4 + index * 677 % 3069);
  };
  rig.select(3, 1);
  rig.attachment.open_stream(rig.open(kVideoIn, kIsochronous, 3072), rig.now);
  rig.run(std::chrono::milliseconds(100));
  const auto all = assemble(rig);
  EXPECT_GE(all.intervals.size(), 700u);
  expect_honest(all, rig.device);
  for (const auto& [index, one] : all.intervals)
    EXPECT_EQ(one.bytes.size(), one.interval.length) << index;
}

TEST(IsochronousIn, OnlyItsFirstBodySaysThatATransferBegins) {
  AttachmentRig rig(2048);
  rig.device.in_length = [](std::int64_t) { return std::size_t{600}; };  // two to a body
  rig.select(3, 1);
  rig.attachment.open_stream(rig.open(kVideoIn, kIsochronous, 3072), rig.now);
  rig.run(std::chrono::milliseconds(50));
  unsigned begun = 0;
  for (const auto& received : rig.items) {
    const auto body = wire::IsochronousBody::decode(received.bytes);
    ASSERT_TRUE(body);
    EXPECT_EQ(body->begins_transfer, body->first_index % 8 == 0) << body->first_index;
    begun += body->begins_transfer ? 1u : 0u;
  }
  EXPECT_GT(begun, 40u);
  EXPECT_EQ(rig.items.size(), 4u * begun);
}

TEST(IsochronousIn, FullLinkDropsAndCountsButIndicesGoOn) {
  AttachmentRig rig(8);
  rig.select(2, 1);
  rig.attachment.open_stream(rig.open(kAudioIn, kIsochronous, 28), rig.now);
  rig.is_draining = false;
  rig.run(std::chrono::milliseconds(50));
  rig.is_draining = true;
  rig.run(std::chrono::milliseconds(10));
  EXPECT_GT(rig.attachment.counters()[DeviceCounter::in_dropped], 20u);
  const auto last = wire::IsochronousBody::decode(rig.items.back().bytes);
  ASSERT_TRUE(last);
  EXPECT_GT(last->first_index, 400u);
}

TEST(IsochronousIn, TransfersThatTheSystemRefusesAreTriedAgain) {
  AttachmentRig rig;
  rig.select(2, 1);
  rig.device.submit_status = UrbStatus::protocol_error;
  rig.attachment.open_stream(rig.open(kAudioIn, kIsochronous, 28), rig.now);
  rig.step(std::chrono::milliseconds(1));
  EXPECT_EQ(rig.device.in_flight(), 0u);
  EXPECT_LT(rig.attachment.next_deadline(), kNever);
  rig.device.submit_status = UrbStatus::ok;
  rig.run(std::chrono::milliseconds(50));
  EXPECT_EQ(rig.device.in_flight(), 32u);
  expect_honest(assemble(rig), rig.device);
}

TEST(Streams, OpenOnAnInactiveOrUnknownEndpointFails) {
  AttachmentRig rig;
  rig.attachment.open_stream(rig.open(kAudioIn, kIsochronous, 28), rig.now);  // alternate 0
  rig.attachment.open_stream(rig.open(EndpointAddress{0x8F}, kIsochronous, 28), rig.now);
  rig.attachment.open_stream(rig.open(kBulkIn, kIsochronous, 28), rig.now);
  rig.attachment.open_stream(rig.open(kBulkOut, wire::StreamKind::polled, 28), rig.now);
  ASSERT_EQ(rig.opened.size(), 4u);
  for (const auto& opened : rig.opened) EXPECT_FALSE(opened.ok);
  EXPECT_FALSE(rig.attachment.has_open_streams());
}

TEST(Streams, SetInterfaceStopsItsStreamsBeforeTheCommandRuns) {
  AttachmentRig rig;
  rig.select(1, 1);
  rig.select(2, 1);
  rig.attachment.open_stream(rig.open(kAudioIn, kIsochronous, 28), rig.now);
  rig.attachment.open_stream(rig.open(kAudioOut, kIsochronous, 28), rig.now);
  rig.run(std::chrono::milliseconds(5));
  EXPECT_EQ(rig.device.in_flight(), 34u);
  rig.select(2, 0);
  EXPECT_EQ(rig.device.streams_in_flight_at_command, 2u);  // OUT, on another interface, plays on
  EXPECT_TRUE(rig.attachment.has_open_streams());
  rig.attachment.submit(rig.control(1, {0x00, 9, 1, 0, 0}));
  rig.run(std::chrono::milliseconds(2));
  EXPECT_EQ(rig.device.streams_in_flight_at_command, 0u);
  rig.device.finish_command(UrbStatus::ok);
  rig.run(std::chrono::milliseconds(1));
  EXPECT_FALSE(rig.attachment.has_open_streams());
}

TEST(Streams, OpeningBehindASetInterfaceWaitsForIt) {
  AttachmentRig rig;
  rig.attachment.submit(rig.control(1, {0x01, 11, 1, 2, 0}));
  rig.attachment.open_stream(rig.open(kAudioIn, kIsochronous, 28), rig.now);
  rig.step(kMicroframe);
  EXPECT_TRUE(rig.opened.empty());
  rig.device.finish_command(UrbStatus::ok);
  rig.step(kMicroframe);
  ASSERT_EQ(rig.opened.size(), 1u);
  EXPECT_TRUE(rig.opened[0].ok);
}

TEST(Streams, NewOpeningReplacesTheOldAndStartsFromZero) {
  AttachmentRig rig;
  rig.select(2, 1);
  rig.attachment.open_stream(rig.open(kAudioIn, kIsochronous, 28, 1), rig.now);
  rig.run(std::chrono::milliseconds(20));
  rig.attachment.open_stream(rig.open(kAudioIn, kIsochronous, 28, 2), rig.now);
  rig.items.clear();
  rig.run(std::chrono::milliseconds(20));
  ASSERT_FALSE(rig.items.empty());
  for (const auto& item : rig.items) EXPECT_EQ(item.item.epoch, StreamEpoch{2});
  expect_honest(assemble(rig), rig.device);
  rig.attachment.close_stream({kAttachment, kAudioIn, StreamEpoch{1}});  // an old one: no effect
  EXPECT_TRUE(rig.attachment.has_open_streams());
  rig.attachment.close_stream({kAttachment, kAudioIn, StreamEpoch{2}});
  rig.run(std::chrono::milliseconds(20));  // a few cancellations a turn
  EXPECT_FALSE(rig.attachment.has_open_streams());
  EXPECT_EQ(rig.device.in_flight(), 0u);
}

// Detach and unplug at random moments of a busy attachment: the rig's destructor demands that
// everything comes home.
TEST(Streams, DetachOrUnplugAtAnyMomentDrains) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    AttachmentRig rig;
    rig.select(1, 1);
    rig.select(2, 1);
    const auto steps = random.below(40);
    std::uint64_t sent = 0;
    const std::size_t before = rig.replies.size();
    for (std::uint64_t i = 0; i < steps; ++i) {
      switch (random.below(8)) {
        case 0:
          rig.attachment.open_stream(rig.open(kAudioIn, kIsochronous, 28), rig.now);
          break;
        case 1:
          rig.attachment.open_stream(rig.open(kAudioOut, kIsochronous, 28), rig.now);
          break;
        case 2:
          rig.attachment.open_stream(rig.open(kInterruptIn, wire::StreamKind::polled, 64), rig.now);
          break;
        case 3:
          rig.attachment.submit(rig.urb(++sent, kBulkIn, TransferType::bulk, 512));
          break;
        case 4:
          rig.attachment.submit(rig.control(++sent, {0x01, 11, 0, 2, 0}));
          break;
        case 5:
          rig.attachment.submit(rig.control(++sent, {0x02, 1, 0, 0x84, 0}));
          break;
        case 6:
          rig.attachment.submit(rig.control(++sent, {0xC0, 1, 0, 0, 8}));
          break;
        case 7:
          if (rig.device.is_commanding()) rig.device.finish_command(UrbStatus::ok);
          break;
      }
      if (random.chance(0.6)) rig.step(std::chrono::microseconds(random.below(800)));
    }
    if (random.chance(0.4)) rig.device.unplug();
    rig.attachment.begin_detach();
    for (int i = 0; i < 20; ++i) {
      if (rig.device.is_commanding()) rig.device.finish_command(UrbStatus::ok);
      rig.step(kMicroframe);
    }
    EXPECT_TRUE(rig.attachment.is_drained());
    EXPECT_EQ(rig.replies.size() - before, sent);
  }
}

}  // namespace
}  // namespace usbgw::device
