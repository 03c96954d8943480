#include <numeric>

#include "common/random.h"
#include "tests/usbside/device/attachment_rig.h"

namespace usbgw::device {
namespace {

constexpr auto kBulk = TransferType::bulk;
constexpr Duration kStep = std::chrono::microseconds(125);

std::vector<std::byte> counted(std::size_t size, std::size_t from = 0) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>((from + i) * 31 >> 3);
  return bytes;
}

TEST(BulkUrb, OneMebibyteComesBackWhole) {
  AttachmentRig rig;
  const auto data = counted(wire::kMaxUrbBytes);
  rig.device.give_bulk(data, false);
  rig.attachment.submit(rig.urb(1, kBulkIn, kBulk, wire::kMaxUrbBytes));
  rig.step(kStep);
  ASSERT_EQ(rig.replies.size(), 1u);
  EXPECT_EQ(rig.replies[0].status, UrbStatus::ok);
  EXPECT_EQ(rig.replies[0].actual, wire::kMaxUrbBytes);
  EXPECT_EQ(rig.replies[0].data, data);
}

TEST(BulkUrb, OutReachesTheDeviceInOrder) {
  AttachmentRig rig;
  std::vector<std::byte> sent;
  for (std::uint64_t i = 0; i < 20; ++i) {
    auto urb = rig.urb(i, kBulkOut, kBulk, 100);
    urb.data = counted(100, i * 100);
    sent.insert(sent.end(), urb.data.begin(), urb.data.end());
    rig.attachment.submit(std::move(urb));
  }
  rig.step(kStep);
  EXPECT_EQ(rig.device.bulk_out, sent);
  ASSERT_EQ(rig.replies.size(), 20u);
  for (std::size_t i = 0; i < 20; ++i) {
    EXPECT_EQ(rig.replies[i].transaction.value(), i);
    EXPECT_EQ(rig.replies[i].actual, 100u);
    EXPECT_TRUE(rig.replies[i].data.empty());
  }
}

TEST(BulkUrb, ShortReadIsAnErrorOnlyWhereTheDriverSaysSo) {
  AttachmentRig rig;
  for (const bool short_not_ok : {false, true}) {
    rig.device.give_bulk(counted(10), true);
    auto urb = rig.urb(short_not_ok ? 2 : 1, kBulkIn, kBulk, 512);
    urb.short_not_ok = short_not_ok;
    rig.attachment.submit(std::move(urb));
    rig.step(kStep);
  }
  EXPECT_EQ(rig.reply_to(1).status, UrbStatus::ok);
  EXPECT_EQ(rig.reply_to(2).status, UrbStatus::remote_io);
  EXPECT_EQ(rig.reply_to(2).data.size(), 10u);
}

TEST(BulkUrb, CancelledReadWithPartOfItsDataBringsIt) {
  AttachmentRig rig;
  rig.attachment.submit(rig.urb(1, kBulkIn, kBulk, 2048));
  rig.device.give_bulk(counted(1024), false);
  rig.step(kStep);
  rig.attachment.cancel(TransactionId{1});
  rig.step(kStep);
  ASSERT_EQ(rig.count_of(1), 1u);
  EXPECT_EQ(rig.replies[0].status, UrbStatus::connection_reset);
  EXPECT_EQ(rig.replies[0].data, counted(1024));
}

TEST(BulkUrb, CancelledReadThatHadCompletedIsOk) {
  AttachmentRig rig;
  rig.attachment.submit(rig.urb(1, kBulkIn, kBulk, 1024));
  rig.device.give_bulk(counted(1024), false);
  rig.attachment.cancel(TransactionId{1});
  rig.step(kStep);
  ASSERT_EQ(rig.count_of(1), 1u);
  EXPECT_EQ(rig.replies[0].status, UrbStatus::ok);
  EXPECT_EQ(rig.replies[0].data.size(), 1024u);
}

TEST(BulkUrb, CancelOfALaterUrbIsAnsweredThoughAnEarlierOneWaits) {
  AttachmentRig rig;
  rig.attachment.submit(rig.urb(1, kBulkIn, kBulk, 512));
  rig.attachment.submit(rig.urb(2, kBulkIn, kBulk, 512));
  rig.attachment.cancel(TransactionId{2});
  rig.step(kStep);
  ASSERT_EQ(rig.replies.size(), 1u);
  EXPECT_EQ(rig.replies[0].transaction, TransactionId{2});
  EXPECT_EQ(rig.replies[0].status, UrbStatus::connection_reset);
}

TEST(BulkUrb, MoreThanTheLimitIsRefusedAndCounted) {
  AttachmentRig rig;
  for (std::uint64_t i = 0; i < 300; ++i) rig.attachment.submit(rig.urb(i, kBulkIn, kBulk, 64));
  EXPECT_EQ(rig.replies.size(), 300u - 256u);
  EXPECT_EQ(rig.replies[0].status, UrbStatus{-12});
  EXPECT_EQ(rig.attachment.counters()[DeviceCounter::urbs_refused], 44u);
}

TEST(BulkUrb, NoMoreThanEightMebibytesAreAtTheDevice) {
  AttachmentRig rig;
  for (std::uint64_t i = 0; i < 20; ++i)
    rig.attachment.submit(rig.urb(i, kBulkIn, kBulk, wire::kMaxUrbBytes));
  EXPECT_EQ(rig.device.in_flight(), 8u);
  rig.device.give_bulk(counted(20 * wire::kMaxUrbBytes), false);
  rig.run(std::chrono::milliseconds(5));
  EXPECT_EQ(rig.replies.size(), 20u);
}

TEST(BulkUrb, ImpossibleRequestsAreRefused) {
  AttachmentRig rig;
  auto wrong_size = rig.urb(1, kBulkOut, kBulk, 10);
  wrong_size.data.resize(9);
  rig.attachment.submit(std::move(wrong_size));
  rig.attachment.submit(rig.urb(2, kAudioIn, TransferType::isochronous, 10));
  rig.attachment.submit(rig.urb(3, EndpointAddress{0x80}, kBulk, 10));
  ASSERT_EQ(rig.replies.size(), 3u);
  for (const auto& reply : rig.replies) EXPECT_EQ(reply.status, UrbStatus::protocol_error);
}

TEST(BulkUrb, SubmitFailureIsAnsweredWithItsStatus) {
  AttachmentRig rig;
  rig.device.submit_status = UrbStatus::protocol_error;
  rig.attachment.submit(rig.urb(1, kBulkIn, kBulk, 10));
  ASSERT_EQ(rig.replies.size(), 1u);
  EXPECT_EQ(rig.replies[0].status, UrbStatus::protocol_error);
}

// Reads of random size, cancelled at random; every byte comes back once and in order.
TEST(BulkUrb, CancelStormLosesAndRepeatsNothing) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    AttachmentRig rig;
    std::vector<std::byte> given;
    std::uint64_t next = 0;
    for (int round = 0; round < 2000; ++round) {
      if (random.chance(0.5) && next < rig.replies.size() + 200)
        rig.attachment.submit(rig.urb(next++, kBulkIn, kBulk,
                                      512 * (1 + static_cast<std::uint32_t>(random.below(4)))));
      if (random.chance(0.4)) {
        const auto bytes = counted(random.chance(0.5) ? 512 : random.below(1500), given.size());
        given.insert(given.end(), bytes.begin(), bytes.end());
        rig.device.give_bulk(bytes, bytes.size() % 512 != 0);
      }
      if (random.chance(0.3) && next > 0)
        rig.attachment.cancel(
            TransactionId{next - 1 - random.below(std::min<std::uint64_t>(next, 12))});
      if (random.chance(0.7)) rig.step(kStep);
    }
    while (rig.device.bulk_left() > 0 && next < 100'000) {
      rig.attachment.submit(rig.urb(next++, kBulkIn, kBulk, 512));
      rig.step(kStep);
    }
    rig.attachment.begin_detach();
    rig.run(std::chrono::milliseconds(1));
    std::vector<std::byte> got;
    for (const auto& reply : rig.replies)
      got.insert(got.end(), reply.data.begin(), reply.data.end());
    EXPECT_EQ(rig.replies.size(), next);
    for (std::uint64_t i = 0; i < next; ++i) ASSERT_EQ(rig.count_of(i), 1u) << i;
    EXPECT_TRUE(got == given) << got.size() << " of " << given.size();
  }
}

TEST(ControlUrb, ReadsAndWritesKeepTheirOrder) {
  AttachmentRig rig;
  std::vector<std::uint16_t> seen;
  rig.device.control = [&](Transfer& transfer) {
    seen.push_back(transfer.setup.value);
    transfer.actual = std::min<std::size_t>(transfer.data.size(), 4);
    return UrbStatus::ok;
  };
  rig.attachment.submit(rig.control(1, {0xC0, 1, 1, 0, 18}));
  rig.attachment.submit(rig.control(2, {0x40, 2, 2, 0, 4}));
  rig.attachment.submit(rig.control(3, {0x40, 2, 3, 0, 0}));
  for (int i = 0; i < 5; ++i) rig.step(kStep);
  EXPECT_EQ(seen, (std::vector<std::uint16_t>{1, 2, 3}));
  ASSERT_EQ(rig.replies.size(), 3u);
  EXPECT_EQ(rig.replies[0].data.size(), 4u);
  EXPECT_EQ(rig.replies[1].actual, 4u);
  EXPECT_TRUE(rig.replies[1].data.empty());
}

TEST(ControlUrb, DataStageThatDisagreesWithTheSetupPacketIsRefused) {
  AttachmentRig rig;
  auto longer = rig.control(1, {0xC0, 1, 0, 0, 18});
  longer.length = 64;
  rig.attachment.submit(std::move(longer));
  auto other_way = rig.control(2, {0xC0, 1, 0, 0, 18});
  other_way.endpoint = EndpointAddress{0};
  rig.attachment.submit(std::move(other_way));
  EXPECT_EQ(rig.reply_to(1).status, UrbStatus::protocol_error);
  EXPECT_EQ(rig.reply_to(2).status, UrbStatus::protocol_error);
}

TEST(ControlUrb, SettingsBecomeCommandsAndLaterRequestsWaitForThem) {
  AttachmentRig rig;
  int raw = 0;
  rig.device.control = [&](Transfer&) {
    ++raw;
    return UrbStatus::ok;
  };
  rig.attachment.submit(rig.control(1, {0x00, 9, 1, 0, 0}));
  rig.attachment.submit(rig.control(2, {0x01, 11, 1, 2, 0}));
  rig.attachment.submit(rig.control(3, {0x02, 1, 0, 0x83, 0}));
  rig.attachment.submit(rig.control(4, {0x23, 3, 4, 1, 0}));
  rig.attachment.submit(rig.control(5, {0x40, 1, 0, 0, 0}));
  for (int i = 0; i < 10; ++i) {
    rig.step(kStep);
    EXPECT_EQ(raw, rig.replies.size() < 4 ? 0 : raw);
    if (rig.device.is_commanding())
      rig.device.finish_command(i == 1 ? UrbStatus::stall : UrbStatus::ok);
  }
  ASSERT_EQ(rig.device.commands.size(), 4u);
  EXPECT_EQ(rig.device.commands[0].kind, DeviceCommand::Kind::set_configuration);
  EXPECT_EQ(rig.device.commands[0].value, 1);
  EXPECT_EQ(rig.device.commands[1].kind, DeviceCommand::Kind::set_interface);
  EXPECT_EQ(rig.device.commands[1].interface, 2);
  EXPECT_EQ(rig.device.commands[2].kind, DeviceCommand::Kind::clear_halt);
  EXPECT_EQ(rig.device.commands[2].endpoint, kBulkIn);
  EXPECT_EQ(rig.device.commands[3].kind, DeviceCommand::Kind::reset);
  EXPECT_EQ(raw, 1);
  EXPECT_EQ(rig.reply_to(2).status, UrbStatus::stall);
  for (std::uint64_t i = 1; i <= 5; ++i) EXPECT_EQ(rig.count_of(i), 1u);
}

TEST(ControlUrb, CancelledWhileItWaitsIsAnsweredAtOnce) {
  AttachmentRig rig;
  rig.attachment.submit(rig.control(1, {0x00, 9, 1, 0, 0}));
  rig.attachment.submit(rig.control(2, {0xC0, 1, 0, 0, 8}));
  rig.attachment.cancel(TransactionId{1});  // has begun: answers when it ends
  rig.attachment.cancel(TransactionId{2});
  ASSERT_EQ(rig.replies.size(), 1u);
  EXPECT_EQ(rig.reply_to(2).status, UrbStatus::connection_reset);
  rig.device.finish_command(UrbStatus::ok);
  rig.step(kStep);
  EXPECT_EQ(rig.reply_to(1).status, UrbStatus::ok);
}

TEST(Attachment, UnplugAnswersEverythingOnceAndIsReportedOnce) {
  AttachmentRig rig;
  for (std::uint64_t i = 0; i < 30; ++i)
    rig.attachment.submit(rig.urb(i, kBulkIn, kBulk, wire::kMaxUrbBytes));
  rig.attachment.submit(rig.control(100, {0x00, 9, 1, 0, 0}));
  rig.attachment.submit(rig.control(101, {0xC0, 1, 0, 0, 8}));
  rig.device.unplug();
  for (int i = 0; i < 4; ++i) rig.step(kStep);
  rig.attachment.submit(rig.urb(200, kBulkIn, kBulk, 8));
  EXPECT_EQ(rig.gone, 1);
  EXPECT_EQ(rig.replies.size(), 33u);
  for (const auto& reply : rig.replies) EXPECT_EQ(reply.status, UrbStatus::no_device);
}

TEST(Attachment, DetachAnswersEverythingAndRefusesWhatComesLater) {
  AttachmentRig rig;
  for (std::uint64_t i = 0; i < 12; ++i) rig.attachment.submit(rig.urb(i, kBulkIn, kBulk, 512));
  rig.attachment.submit(rig.control(50, {0x00, 9, 1, 0, 0}));
  rig.step(kStep);
  rig.attachment.begin_detach();
  rig.attachment.submit(rig.urb(60, kBulkIn, kBulk, 512));
  EXPECT_EQ(rig.reply_to(60).status, UrbStatus::shutdown);
  rig.step(kStep);
  EXPECT_FALSE(rig.attachment.is_drained());  // the command is still out
  rig.device.finish_command(UrbStatus::ok);
  rig.step(kStep);
  rig.step(kStep);
  EXPECT_TRUE(rig.attachment.is_drained());
  EXPECT_EQ(rig.replies.size(), 14u);
}

}  // namespace
}  // namespace usbgw::device
