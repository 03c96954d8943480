#include <gtest/gtest.h>

#include "tests/usbside/host/rig.h"

namespace usbgw::host::test {
namespace {

std::vector<std::byte> bytes_of(std::size_t count, int value) {
  return std::vector<std::byte>(count, static_cast<std::byte>(value));
}

class TransferRelay : public ::testing::Test {
 protected:
  wire::UrbSubmit taken() {
    EXPECT_FALSE(rig.agent.submits.empty());
    wire::UrbSubmit submit = std::move(rig.agent.submits.front());
    rig.agent.submits.erase(rig.agent.submits.begin());
    return submit;
  }
  void reply(TransactionId transaction, UrbStatus status, std::uint32_t actual,
             std::vector<std::byte> data = {}) {
    wire::UrbReply answer;
    answer.attachment = kAttachment;
    answer.transaction = transaction;
    answer.status = status;
    answer.actual = actual;
    answer.data = std::move(data);
    rig.attachment.receive(std::move(answer), rig.now);
  }
  Rig rig{Speed::high};
};

TEST_F(TransferRelay, ControlReadReachesTheAgentAndComesBack) {
  const SetupPacket setup{0x80, 6, 0x0100, 0, 18};
  const auto seqnum = rig.vhci.submit_control(setup);
  rig.attachment.turn(rig.now);
  const auto submit = taken();
  EXPECT_EQ(submit.setup, setup);
  EXPECT_EQ(submit.length, 18u);
  EXPECT_EQ(submit.type, TransferType::control);
  reply(submit.transaction, UrbStatus::ok, 18, bytes_of(18, 7));
  const Answer answer = rig.vhci.take();
  EXPECT_EQ(answer.seqnum, seqnum);
  EXPECT_EQ(answer.data, bytes_of(18, 7));
}

TEST_F(TransferRelay, BulkOutCarriesDataAndFlags) {
  rig.vhci.submit(kBulkOut, 600, bytes_of(600, 5), wire::usbip::kZeroPacket);
  rig.attachment.turn(rig.now);
  const auto submit = taken();
  EXPECT_EQ(submit.type, TransferType::bulk);
  EXPECT_EQ(submit.data, bytes_of(600, 5));
  EXPECT_TRUE(submit.zero_packet);
  EXPECT_FALSE(submit.short_not_ok);
  reply(submit.transaction, UrbStatus::ok, 600);
  EXPECT_EQ(rig.vhci.take().actual, 600u);
}

TEST_F(TransferRelay, LargestTransferPassesWhole) {
  rig.vhci.submit(kBulkOut, 1 << 20, bytes_of(1 << 20, 9));
  for (int i = 0; i < 10; ++i) rig.attachment.turn(rig.now);
  EXPECT_EQ(taken().data.size(), std::size_t{1} << 20);
}

TEST_F(TransferRelay, TransferAboveTheLimitIsRefusedAndTheNextWorks) {
  rig.vhci.submit(kBulkIn, (1 << 20) + 1);
  rig.vhci.submit(kBulkIn, 64);
  rig.attachment.turn(rig.now);
  EXPECT_EQ(rig.vhci.take().status, UrbStatus::protocol_error);
  EXPECT_EQ(taken().length, 64u);
}

TEST_F(TransferRelay, UnlinkOfWhatGaveNothing_OnlyRetUnlink) {
  const auto seqnum = rig.vhci.submit(kBulkIn, 512);
  const auto unlink = rig.vhci.unlink(seqnum);
  rig.attachment.turn(rig.now);
  EXPECT_FALSE(rig.vhci.has_answer());  // the agent decides
  ASSERT_EQ(rig.agent.cancels.size(), 1u);
  reply(rig.agent.cancels[0].transaction, UrbStatus::connection_reset, 0);
  const Answer answer = rig.vhci.take();
  EXPECT_TRUE(answer.is_unlink);
  EXPECT_EQ(answer.seqnum, unlink);
  EXPECT_EQ(answer.status, UrbStatus::connection_reset);
  EXPECT_FALSE(rig.vhci.has_answer());
}

TEST_F(TransferRelay, UnlinkOfWhatHasCompleted_DataThenRetUnlinkZero) {
  const auto seqnum = rig.vhci.submit(kBulkIn, 512);
  rig.vhci.unlink(seqnum);
  rig.attachment.turn(rig.now);
  reply(rig.agent.cancels[0].transaction, UrbStatus::ok, 31, bytes_of(31, 1));
  const Answer data = rig.vhci.take();
  EXPECT_FALSE(data.is_unlink);
  EXPECT_EQ(data.data, bytes_of(31, 1));
  const Answer unlink = rig.vhci.take();
  EXPECT_TRUE(unlink.is_unlink);
  EXPECT_EQ(unlink.status, UrbStatus::ok);
}

TEST_F(TransferRelay, UnlinkOfWhatGaveSomeBytes_TheyAreNotLost) {
  const auto seqnum = rig.vhci.submit(kBulkIn, 512);
  rig.vhci.unlink(seqnum);
  rig.attachment.turn(rig.now);
  reply(rig.agent.cancels[0].transaction, UrbStatus::connection_reset, 5, bytes_of(5, 2));
  const Answer data = rig.vhci.take();
  EXPECT_EQ(data.status, UrbStatus::connection_reset);
  EXPECT_EQ(data.data, bytes_of(5, 2));
  EXPECT_EQ(rig.vhci.take().status, UrbStatus::ok);
}

TEST_F(TransferRelay, UnlinkOfUnknownSeqnum_RetUnlinkZero) {
  const auto seqnum = rig.vhci.submit(kBulkIn, 512);
  rig.attachment.turn(rig.now);
  reply(taken().transaction, UrbStatus::ok, 0);
  rig.vhci.unlink(seqnum);
  rig.attachment.turn(rig.now);
  EXPECT_FALSE(rig.vhci.take().is_unlink);
  EXPECT_EQ(rig.vhci.take().status, UrbStatus::ok);
}

TEST_F(TransferRelay, SecondAnswerToOneUrb_IsIgnored) {
  rig.vhci.submit(kBulkIn, 512);
  rig.attachment.turn(rig.now);
  const auto transaction = taken().transaction;
  reply(transaction, UrbStatus::ok, 0);
  reply(transaction, UrbStatus::ok, 0);
  rig.vhci.take();
  EXPECT_FALSE(rig.vhci.has_answer());
}

TEST_F(TransferRelay, MoreDataThanAsked_BecomesProtocolErrorAndIsCounted) {
  rig.vhci.submit(kBulkIn, 16);
  rig.attachment.turn(rig.now);
  reply(taken().transaction, UrbStatus::ok, 17, bytes_of(17, 1));
  EXPECT_EQ(rig.vhci.take().status, UrbStatus::protocol_error);
  EXPECT_EQ(rig.attachment.status().completions_refused, 1u);
}

TEST_F(TransferRelay, ActualThatDisagreesWithData_BecomesProtocolError) {
  rig.vhci.submit(kBulkIn, 16);
  rig.vhci.submit(kBulkOut, 16, bytes_of(16, 0));
  rig.attachment.turn(rig.now);
  reply(taken().transaction, UrbStatus::ok, 8, bytes_of(4, 1));
  reply(taken().transaction, UrbStatus::ok, 8, bytes_of(8, 1));
  EXPECT_EQ(rig.vhci.take().status, UrbStatus::protocol_error);
  EXPECT_EQ(rig.vhci.take().status, UrbStatus::protocol_error);
}

TEST_F(TransferRelay, PositiveStatus_BecomesProtocolError) {
  rig.vhci.submit(kBulkIn, 16);
  rig.attachment.turn(rig.now);
  reply(taken().transaction, UrbStatus{42}, 0);
  EXPECT_EQ(rig.vhci.take().status, UrbStatus::protocol_error);
}

TEST_F(TransferRelay, ResetThatNobodyAskedFor_IsNotTakenForAnUnlink) {
  rig.vhci.submit(kBulkIn, 16);
  rig.attachment.turn(rig.now);
  reply(taken().transaction, UrbStatus::connection_reset, 0);
  EXPECT_EQ(rig.vhci.take().status, UrbStatus::shutdown);
}

TEST_F(TransferRelay, PeerLost_EverythingIsAnsweredAtOnce) {
  const auto pending = rig.vhci.submit(kBulkIn, 16);
  const auto unlinking = rig.vhci.submit(kBulkIn, 16);
  rig.vhci.unlink(unlinking);
  rig.vhci.submit(kHid, 8);
  rig.attachment.turn(rig.now);
  rig.attachment.peer_lost(rig.now);
  EXPECT_EQ(rig.vhci.pending(), 0u);
  std::size_t unlinks = 0;
  while (rig.vhci.has_answer()) {
    const Answer answer = rig.vhci.take();
    if (answer.is_unlink) ++unlinks;
    if (answer.seqnum == pending) {
      EXPECT_EQ(answer.status, UrbStatus::shutdown);
    }
  }
  EXPECT_EQ(unlinks, 1u);
  rig.vhci.submit(kBulkIn, 16);
  rig.attachment.turn(rig.now);
  EXPECT_EQ(rig.vhci.take().status, UrbStatus::no_device);
  EXPECT_EQ(rig.agent.submits.size(), 2u);  // nothing new went out
}

TEST_F(TransferRelay, EndpointThatIsNotThere_IsRefused) {
  rig.vhci.submit(EndpointAddress{0x8D}, 16);
  rig.attachment.turn(rig.now);
  EXPECT_EQ(rig.vhci.take().status, UrbStatus::protocol_error);
}

TEST_F(TransferRelay, WriteThatVhciDoesNotTake_ClosesTheAttachment) {
  rig.vhci.submit(kBulkIn, 16);
  rig.attachment.turn(rig.now);
  rig.vhci.refuse_writes = true;
  reply(taken().transaction, UrbStatus::ok, 0);
  EXPECT_TRUE(rig.attachment.is_closed());
}

TEST_F(TransferRelay, GarbageFromTheSocket_ClosesTheAttachment) {
  rig.vhci.send_raw(bytes_of(48, 0x55));
  rig.attachment.turn(rig.now);
  EXPECT_TRUE(rig.attachment.is_closed());
}

TEST_F(TransferRelay, SeqnumThatIsOutstanding_ClosesTheAttachment) {
  wire::usbip::Submit submit;
  submit.seqnum = 77;
  submit.endpoint = kBulkIn;
  rig.vhci.send_raw(wire::usbip::encode(submit));
  rig.vhci.send_raw(wire::usbip::encode(submit));
  rig.attachment.turn(rig.now);
  EXPECT_TRUE(rig.attachment.is_closed());
}

TEST_F(TransferRelay, MoreUrbsThanTheLedgerHolds_AreRefusedOneByOne) {
  for (std::size_t i = 0; i < 1030; ++i) rig.vhci.submit(kBulkIn, 16);
  for (int i = 0; i < 30; ++i) rig.attachment.turn(rig.now);
  std::size_t refused = 0;
  for (; rig.vhci.has_answer(); ++refused) {
    EXPECT_EQ(rig.vhci.take().status, UrbStatus::protocol_error);
  }
  EXPECT_EQ(refused, 6u);
  EXPECT_FALSE(rig.attachment.is_closed());
}

}  // namespace
}  // namespace usbgw::host::test
