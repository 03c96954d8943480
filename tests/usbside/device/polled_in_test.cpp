#include "common/random.h"
#include "tests/usbside/device/attachment_rig.h"

namespace usbgw::device {
namespace {

constexpr Duration kStep = std::chrono::microseconds(500);

constexpr std::size_t kBound = wire::kMaxUntakenReports;
const StreamId kStream = stream_of(kAttachment, kInterruptIn);

std::vector<std::byte> report(std::size_t number) {
  return {static_cast<std::byte>(number), static_cast<std::byte>(number >> 8), std::byte{7}};
}

struct Poller : AttachmentRig {
  explicit Poller(std::size_t blocks = 256) : AttachmentRig(blocks) {
    attachment.open_stream(open(kInterruptIn, wire::StreamKind::polled, 64), now);
  }
  void take(std::uint64_t reports, std::uint8_t epoch = 1) {
    AttachmentRig::take(reports, StreamEpoch{epoch}, kStream);
  }
  // Gives the device this many reports, which count.
  std::vector<int> give(int count) {
    std::vector<int> given;
    for (int i = 0; i < count; ++i) {
      device.give_report(report(static_cast<std::size_t>(i)));
      given.push_back(i);
    }
    return given;
  }
  void run_long() { run(std::chrono::seconds(1), std::chrono::milliseconds(1)); }
  // The reports that came, as numbers; -1 - status for errors. Source numbers are checked.
  std::vector<int> numbers() {
    std::vector<int> all;
    for (const auto& received : items) {
      EXPECT_EQ(received.item.source.value(), static_cast<std::int64_t>(all.size()));
      const auto body = wire::InterruptBody::decode(received.bytes);
      if (!body) continue;
      if (body->status != UrbStatus::ok)
        all.push_back(static_cast<int>(body->status));
      else
        all.push_back(std::to_integer<int>(body->payload[0]) |
                      std::to_integer<int>(body->payload[1]) << 8);
    }
    return all;
  }
};

TEST(PolledIn, ReportsArriveOnceAndInOrder) {
  Poller poller;
  std::vector<int> expected;
  for (int i = 0; i < 500; ++i) {
    poller.device.give_report(report(static_cast<std::size_t>(i)));
    expected.push_back(i);
    if (i % 7 == 0) poller.step(kStep);
  }
  poller.run(std::chrono::milliseconds(100));
  EXPECT_EQ(poller.numbers(), expected);
}

TEST(PolledIn, FullLinkPausesPollingAndLosesNothing) {
  Poller poller(8);
  poller.is_draining = false;
  std::vector<int> expected;
  for (int i = 0; i < 300; ++i) {
    poller.device.give_report(report(static_cast<std::size_t>(i)));
    expected.push_back(i);
    poller.step(kStep);
  }
  EXPECT_EQ(poller.device.in_flight(), 0u);  // nothing is read that could not be kept
  EXPECT_LT(poller.attachment.next_deadline(), kNever);
  EXPECT_EQ(poller.attachment.counters()[DeviceCounter::polled_pauses], 1u);
  poller.is_draining = true;
  poller.run(std::chrono::milliseconds(500), std::chrono::milliseconds(1));
  EXPECT_EQ(poller.numbers(), expected);
}

TEST(PolledIn, RandomBackPressureLosesNothing) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    Random random(seed);
    Poller poller(2 + seed);
    std::vector<int> expected;
    for (int i = 0; i < 1000; ++i) {
      if (random.chance(0.7)) {
        poller.device.give_report(report(expected.size()));
        expected.push_back(static_cast<int>(expected.size()));
      }
      if (random.chance(0.1)) poller.is_draining = !poller.is_draining;
      if (random.chance(0.1)) poller.is_taking = !poller.is_taking;
      poller.step(std::chrono::microseconds(random.below(1500)));
    }
    poller.is_draining = poller.is_taking = true;
    poller.take(poller.items.size());
    poller.run(std::chrono::seconds(2), std::chrono::milliseconds(1));
    EXPECT_EQ(poller.numbers(), expected) << "seed " << seed;
  }
}

TEST(PolledIn, HostThatTakesNothingStopsPollingUntilItDoes) {
  Poller poller;
  poller.is_taking = false;
  const auto given = poller.give(2000);
  poller.run_long();
  EXPECT_EQ(poller.items.size(), kBound);
  EXPECT_EQ(poller.device.in_flight(), 0u);
  EXPECT_EQ(poller.attachment.next_deadline(), kNever);  // the host's word is what it waits for
  poller.take(64);
  poller.run_long();
  EXPECT_EQ(poller.items.size(), kBound + 64);
  poller.is_taking = true;
  poller.take(kBound + 64);
  poller.run_long();
  EXPECT_EQ(poller.numbers(), given);
  EXPECT_EQ(poller.attachment.counters()[DeviceCounter::polled_flushed], 0u);
}

TEST(PolledIn, WordThatIsOldOrOfAnotherOpeningOrTooMuchChangesNothing) {
  Poller poller;
  poller.is_taking = false;
  poller.give(3000);
  poller.run_long();
  poller.take(100);
  poller.run_long();
  EXPECT_EQ(poller.items.size(), kBound + 100);
  poller.take(99);
  poller.take(400, 2);
  poller.run_long();
  EXPECT_EQ(poller.items.size(), kBound + 100);
  poller.take(UINT64_MAX);  // no more than was sent
  poller.run_long();
  EXPECT_EQ(poller.items.size(), 2 * kBound + 100);
}

TEST(PolledIn, NewOpeningCountsFromItsOwnBeginning) {
  Poller poller;
  poller.is_taking = false;
  poller.give(3000);
  poller.run_long();
  poller.attachment.open_stream(poller.open(kInterruptIn, wire::StreamKind::polled, 64, 2),
                                poller.now);
  poller.items.clear();
  poller.run_long();
  EXPECT_EQ(poller.items.size(), kBound);
  poller.take(kBound, 1);
  poller.run_long();
  EXPECT_EQ(poller.items.size(), kBound);
}

TEST(PolledIn, StalledStreamLeavesTheLinkToOthers) {
  Poller poller;
  poller.is_draining = false;
  poller.give(300);
  poller.run_long();
  EXPECT_EQ(poller.link.outstanding(kStream), poller.link.block_count() / 8);
  EXPECT_EQ(poller.link.free_blocks(), poller.link.block_count() * 7 / 8);
}

TEST(PolledIn, ErrorsWaitForTheHostToo) {
  Poller poller;
  poller.is_taking = false;
  auto expected = poller.give(static_cast<int>(kBound));
  poller.run_long();
  poller.device.stall(kInterruptIn);
  poller.run_long();
  EXPECT_EQ(poller.numbers(), expected);
  poller.take(kBound);
  poller.run_long();
  expected.push_back(-32);
  EXPECT_EQ(poller.numbers(), expected);
}

TEST(PolledIn, StallIsReportedOnceAndPollingResumesAfterClearHalt) {
  Poller poller;
  poller.device.give_report(report(1));
  poller.step(kStep);
  poller.step(kStep);
  poller.device.stall(kInterruptIn);
  poller.run(std::chrono::milliseconds(50));
  EXPECT_EQ(poller.numbers(), (std::vector<int>{1, -32}));
  EXPECT_EQ(poller.device.in_flight(), 0u);
  poller.device.give_report(report(2));
  poller.run(std::chrono::milliseconds(50));
  EXPECT_EQ(poller.numbers().size(), 2u);
  poller.attachment.submit(poller.control(1, {0x02, 1, 0, 0x84, 0}));
  poller.step(kStep);
  ASSERT_TRUE(poller.device.is_commanding());
  EXPECT_EQ(poller.device.streams_in_flight_at_command, 0u);
  poller.device.finish_command(UrbStatus::ok);
  poller.run(std::chrono::milliseconds(5));
  EXPECT_EQ(poller.reply_to(1).status, UrbStatus::ok);
  EXPECT_EQ(poller.numbers(), (std::vector<int>{1, -32, 2}));
}

TEST(PolledIn, ClearHaltOnARunningEndpointFlushesAndGoesOn) {
  Poller poller(8);
  poller.is_draining = false;
  for (std::size_t i = 0; i < 20; ++i) poller.device.give_report(report(i));
  poller.run(std::chrono::milliseconds(10));
  poller.attachment.submit(poller.control(1, {0x02, 1, 0, 0x84, 0}));
  poller.step(kStep);
  ASSERT_TRUE(poller.device.is_commanding());
  poller.device.finish_command(UrbStatus::ok);
  poller.is_draining = true;
  poller.run(std::chrono::milliseconds(50));
  EXPECT_EQ(poller.attachment.counters()[DeviceCounter::polled_flushed], 4u);
  const auto numbers = poller.numbers();
  EXPECT_EQ(numbers.size(), 16u);
  EXPECT_TRUE(std::is_sorted(numbers.begin(), numbers.end()));
}

TEST(PolledIn, UrbLongerThanASourceIsReadInWholePackets) {
  AttachmentRig rig;
  auto open = rig.open(kInterruptIn, wire::StreamKind::polled, 4096);
  open.source_bytes = 200;
  rig.attachment.open_stream(open, rig.now);
  ASSERT_TRUE(rig.opened[0].ok);
  rig.device.give_report(std::vector<std::byte>(64, std::byte{5}));
  rig.run(std::chrono::milliseconds(2));
  ASSERT_EQ(rig.items.size(), 1u);
  EXPECT_EQ(rig.items[0].bytes.size(), 68u);
}

}  // namespace
}  // namespace usbgw::device
