#include <gtest/gtest.h>

#include "tests/usbside/host/rig.h"
#include "wire/interrupt_body.h"
#include "wire/stream_request.h"

namespace usbgw::host::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint32_t kBound = wire::kMaxUntakenReports;

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
  // Reports with consecutive numbers.
  void count_reports(std::uint32_t first, std::uint32_t count, std::uint8_t epoch = 1) {
    for (std::uint32_t i = first; i < first + count; ++i)
      report(kHid, epoch, {static_cast<int>(i & 0xFF), static_cast<int>(i >> 8)});
  }
  // How many URBs have been answered since, with reports that go on counting from `first`.
  std::uint32_t read_from(std::uint32_t first) {
    std::uint32_t next = first;
    for (; rig.vhci.has_answer(); ++next) {
      const Answer answer = rig.vhci.take();
      const std::vector<std::byte> expected{static_cast<std::byte>(next),
                                            static_cast<std::byte>(next >> 8)};
      EXPECT_EQ(answer.data, expected) << next;
    }
    return next - first;
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

TEST_F(PolledStream, DriverThatDoesNotRead_GetsEverythingLater) {
  submit();
  count_reports(0, kBound + 1);
  EXPECT_EQ(read_from(0), 1u);
  for (std::uint32_t i = 0; i < kBound; ++i) submit();
  EXPECT_EQ(read_from(1), kBound);
  EXPECT_TRUE(rig.agent.closes.empty());
  EXPECT_EQ(rig.agent.opens.size(), 1u);
}

TEST_F(PolledStream, AgentIsToldWhatWasRead) {
  submit();
  count_reports(0, kBound + 1);
  EXPECT_TRUE(rig.agent.taken.empty());  // one is read, the rest is not
  for (std::uint32_t i = 0; i < kBound; ++i) submit();
  ASSERT_EQ(rig.agent.taken.size(), 8u);
  for (std::size_t i = 0; i < 8; ++i) {
    const wire::StreamTaken& taken = rig.agent.taken[i];
    EXPECT_EQ(taken.attachment, kAttachment);
    EXPECT_EQ(taken.endpoint, kHid);
    EXPECT_EQ(taken.epoch, StreamEpoch{1});
    EXPECT_EQ(taken.reports, (i + 1) * kBound / 8);
  }
}

TEST_F(PolledStream, NewOpening_CountsFromItsOwnBeginning) {
  submit();
  count_reports(0, kBound);
  EXPECT_EQ(read_from(0), 1u);
  rig.control({0x02, 1, 0, kHid.value(), 0});
  for (std::uint32_t i = 0; i < kBound / 8; ++i) submit();
  count_reports(0, kBound / 8, 2);
  ASSERT_EQ(rig.agent.taken.size(), 1u);
  EXPECT_EQ(rig.agent.taken[0].epoch, StreamEpoch{2});
  EXPECT_EQ(rig.agent.taken[0].reports, kBound / 8);
}

TEST_F(PolledStream, AgentThatSendsBeyondTheBound_IsNotKept) {
  submit();
  count_reports(0, 3 * kBound);
  for (std::uint32_t i = 0; i < 3 * kBound; ++i) submit();
  EXPECT_EQ(read_from(0), kBound + 1);
}

// A report that nobody will read must not stand in the way of the next for ever.
TEST_F(PolledStream, ReportsThatAreRefused_CountAsTaken) {
  submit();
  const std::vector<std::byte> bytes(3);
  for (std::uint32_t i = 0; i < kBound; ++i)
    rig.attachment.receive(item_of(kHid, StreamEpoch{1}, rig.now), bytes, rig.now);
  ASSERT_FALSE(rig.agent.taken.empty());
  EXPECT_EQ(rig.agent.taken.back().reports, kBound);
}

TEST_F(PolledStream, MalformedBody_ChangesNothing) {
  submit();
  const std::vector<std::byte> bytes(3);
  rig.attachment.receive(item_of(kHid, StreamEpoch{1}, rig.now), bytes, rig.now);
  EXPECT_FALSE(rig.vhci.has_answer());
}

}  // namespace
}  // namespace usbgw::host::test
