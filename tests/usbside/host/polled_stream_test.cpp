#include <gtest/gtest.h>

#include "tests/usbside/host/rig.h"
#include "wire/interrupt_body.h"

namespace usbgw::host::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class PolledStream : public ::testing::Test {
 protected:
  void report(EndpointAddress endpoint, std::uint8_t epoch, std::vector<int> values,
              UrbStatus status = UrbStatus::ok) {
    std::vector<std::byte> payload;
    for (const int value : values) payload.push_back(static_cast<std::byte>(value));
    wire::InterruptBody body{status, payload};
    std::vector<std::byte> bytes(payload.size() + wire::kInterruptFixed);
    ASSERT_TRUE(wire::encode(body, bytes));
    rig.attachment.receive(item_of(endpoint, StreamEpoch{epoch}, rig.now), bytes, rig.now);
  }
  std::uint32_t submit(EndpointAddress endpoint = kHid, std::uint32_t length = 8) {
    const auto seqnum = rig.vhci.submit(endpoint, length);
    rig.attachment.turn(rig.now);
    return seqnum;
  }
  Rig rig{Speed::full};
};

TEST_F(PolledStream, FirstUrb_OpensTheStream) {
  submit();
  ASSERT_EQ(rig.agent.opens.size(), 1u);
  EXPECT_EQ(rig.agent.opens[0].endpoint, kHid);
  EXPECT_EQ(rig.agent.opens[0].kind, wire::StreamKind::polled);
  EXPECT_EQ(rig.agent.opens[0].packet_bytes, 8u);
  EXPECT_TRUE(rig.agent.submits.empty());
}

TEST_F(PolledStream, MidiBulkIn_IsPolledToo) {
  submit(kMidiIn, 64);
  ASSERT_EQ(rig.agent.opens.size(), 1u);
  EXPECT_EQ(rig.agent.opens[0].kind, wire::StreamKind::polled);
}

TEST_F(PolledStream, Report_AnswersTheOldestUrb) {
  const auto first = submit();
  submit();
  report(kHid, 1, {1, 2, 3});
  const Answer answer = rig.vhci.take();
  EXPECT_EQ(answer.seqnum, first);
  EXPECT_EQ(answer.actual, 3u);
  EXPECT_FALSE(rig.vhci.has_answer());
}

TEST_F(PolledStream, ReportsWithoutUrb_WaitInOrder) {
  submit();
  for (int i = 0; i < 10; ++i) report(kHid, 1, {i});
  for (int i = 0; i < 9; ++i) submit();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(rig.vhci.take().data[0], static_cast<std::byte>(i));
}

TEST_F(PolledStream, Unlink_IsDecidedAtOnceAndLosesNothing) {
  const auto seqnum = submit();
  rig.vhci.unlink(seqnum);
  rig.attachment.turn(rig.now);
  EXPECT_EQ(rig.vhci.take().status, UrbStatus::connection_reset);
  report(kHid, 1, {9});
  submit();
  EXPECT_EQ(rig.vhci.take().data[0], std::byte{9});
}

TEST_F(PolledStream, ReportLongerThanTheUrb_Overflows) {
  submit(kHid, 2);
  report(kHid, 1, {1, 2, 3});
  const Answer answer = rig.vhci.take();
  EXPECT_EQ(answer.status, UrbStatus::overflow);
  EXPECT_EQ(answer.actual, 2u);
}

TEST_F(PolledStream, ErrorOfTheDevice_ReachesTheDriver) {
  submit();
  report(kHid, 1, {}, UrbStatus::stall);
  EXPECT_EQ(rig.vhci.take().status, UrbStatus::stall);
}

TEST_F(PolledStream, ResetStatusFromTheAgent_IsNotTakenForAnUnlink) {
  submit();
  report(kHid, 1, {}, UrbStatus::connection_reset);
  EXPECT_EQ(rig.vhci.take().status, UrbStatus::shutdown);
}

TEST_F(PolledStream, ReportOfAnEarlierOpening_IsDropped) {
  submit();
  report(kHid, 0, {1});
  EXPECT_FALSE(rig.vhci.has_answer());
}

TEST_F(PolledStream, ClearHalt_FlushesAndOpensAgain) {
  submit();
  report(kHid, 1, {1});
  report(kHid, 1, {2});
  rig.vhci.take();
  rig.control({0x02, 1, 0, kHid.value(), 0});
  ASSERT_EQ(rig.agent.closes.size(), 1u);
  submit();
  ASSERT_EQ(rig.agent.opens.size(), 2u);
  EXPECT_EQ(rig.agent.opens[1].epoch, StreamEpoch{2});
  report(kHid, 2, {3});
  EXPECT_EQ(rig.vhci.take().data[0], std::byte{3});
}

TEST_F(PolledStream, NobodyAsksForLong_ClosesAndForgets) {
  const auto seqnum = submit();
  rig.vhci.unlink(seqnum);
  rig.run_until(rig.now + milliseconds(10));
  report(kHid, 1, {1});
  rig.run_until(rig.now + seconds(6));
  EXPECT_EQ(rig.agent.closes.size(), 1u);
  EXPECT_FALSE(rig.attachment.has_live_streams());
  rig.other_answers.clear();
  submit();
  EXPECT_FALSE(rig.vhci.has_answer());
  EXPECT_EQ(rig.agent.opens.size(), 2u);
}

TEST_F(PolledStream, UrbThatWaitsForLong_KeepsTheStreamOpen) {
  submit();
  rig.run_until(rig.now + seconds(60));
  EXPECT_TRUE(rig.agent.closes.empty());
  report(kHid, 1, {1});
  EXPECT_TRUE(rig.vhci.has_answer());
}

TEST_F(PolledStream, AgentRefuses_UrbFails) {
  submit();
  wire::StreamOpened opened;
  opened.attachment = kAttachment;
  opened.endpoint = kHid;
  opened.epoch = StreamEpoch{1};
  rig.attachment.stream_opened(opened, rig.now);
  EXPECT_EQ(rig.vhci.take().status, UrbStatus::protocol_error);
}

TEST_F(PolledStream, QueueThatFills_ClosesButKeepsWhatItHas) {
  submit();
  for (int i = 0; i < 1100; ++i) report(kHid, 1, {i & 0xFF});
  EXPECT_EQ(rig.agent.closes.size(), 1u);
  rig.vhci.take();
  int received = 1;
  for (; received < 600; ++received) {
    submit();
    if (!rig.vhci.has_answer()) break;
    EXPECT_EQ(rig.vhci.take().data[0], static_cast<std::byte>(received & 0xFF));
  }
  EXPECT_EQ(received, 513);
  EXPECT_EQ(rig.agent.opens.size(), 2u);
}

TEST_F(PolledStream, MalformedBody_ChangesNothing) {
  submit();
  const std::vector<std::byte> bytes(3);
  rig.attachment.receive(item_of(kHid, StreamEpoch{1}, rig.now), bytes, rig.now);
  EXPECT_FALSE(rig.vhci.has_answer());
}

}  // namespace
}  // namespace usbgw::host::test
