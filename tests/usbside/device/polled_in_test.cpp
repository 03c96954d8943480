#include "common/random.h"
#include "tests/usbside/device/attachment_rig.h"

namespace usbgw::device {
namespace {

constexpr Duration kStep = std::chrono::microseconds(500);

std::vector<std::byte> report(std::size_t number) {
  return {static_cast<std::byte>(number), static_cast<std::byte>(number >> 8), std::byte{7}};
}

struct Poller : AttachmentRig {
  explicit Poller(std::size_t blocks = 256) : AttachmentRig(blocks) {
    attachment.open_stream(open(kInterruptIn, wire::StreamKind::polled, 64), now);
  }
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
    Poller poller(8);
    std::vector<int> expected;
    for (int i = 0; i < 1000; ++i) {
      if (random.chance(0.7)) {
        poller.device.give_report(report(expected.size()));
        expected.push_back(static_cast<int>(expected.size()));
      }
      if (random.chance(0.1)) poller.is_draining = !poller.is_draining;
      poller.step(std::chrono::microseconds(random.below(1500)));
    }
    poller.is_draining = true;
    poller.run(std::chrono::seconds(2), std::chrono::milliseconds(1));
    EXPECT_EQ(poller.numbers(), expected) << "seed " << seed;
  }
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
