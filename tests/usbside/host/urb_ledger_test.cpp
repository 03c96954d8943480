#include "usbside/host/urb_ledger.h"

#include <gtest/gtest.h>

#include <map>

#include "common/random.h"
#include "usbside/host/completion_guard.h"

namespace usbgw::host {
namespace {

using wire::usbip::IsoDescriptor;

wire::usbip::Submit submit_of(std::uint32_t seqnum, std::uint32_t length = 64) {
  wire::usbip::Submit submit;
  submit.seqnum = seqnum;
  submit.endpoint = EndpointAddress{0x81};
  submit.length = length;
  return submit;
}

TEST(SeqnumIndex, RandomInsertionsAndErasures_AgreeWithASet) {
  Random random(41);
  SeqnumIndex index(256);
  std::map<std::uint32_t, std::uint16_t> model;
  for (int i = 0; i < 20000; ++i) {
    // Few distinct low bits: long probe runs, and wrapping at the table's end.
    const auto seqnum =
        static_cast<std::uint32_t>(random.below(40) * 1024 + 1000 + random.below(40));
    const auto found = model.find(seqnum);
    EXPECT_EQ(index.find(seqnum), found == model.end() ? SeqnumIndex::kNone : found->second);
    if (found != model.end()) {
      index.erase(seqnum);
      model.erase(found);
    } else if (model.size() < 256) {
      index.insert(seqnum, static_cast<std::uint16_t>(i % 256));
      model[seqnum] = static_cast<std::uint16_t>(i % 256);
    }
  }
}

TEST(UrbLedger, SameSeqnumTwice_IsRefusedUntilTheFirstIsAnswered) {
  UrbLedger ledger;
  Urb* first = ledger.add(submit_of(5), TransferType::bulk, {});
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(ledger.add(submit_of(5), TransferType::bulk, {}), nullptr);
  ledger.release(*first);
  EXPECT_EQ(ledger.find(std::uint32_t{5}), nullptr);
  EXPECT_NE(ledger.add(submit_of(5), TransferType::bulk, {}), nullptr);
}

TEST(UrbLedger, SeqnumsAcrossTheWrap_AreFound) {
  UrbLedger ledger;
  for (std::uint32_t i = 0; i < 20; ++i) {
    ASSERT_NE(ledger.add(submit_of(0xFFFFFFF6u + i), TransferType::bulk, {}), nullptr);
  }
  for (std::uint32_t i = 0; i < 20; ++i) EXPECT_NE(ledger.find(0xFFFFFFF6u + i), nullptr);
}

TEST(UrbLedger, TransactionOfAReusedSlot_DoesNotFindTheNewUrb) {
  UrbLedger ledger;
  Urb* urb = ledger.add(submit_of(1), TransferType::bulk, {});
  ledger.give_transaction(*urb);
  const TransactionId old = urb->transaction;
  EXPECT_EQ(ledger.find(old), urb);
  ledger.release(*urb);
  EXPECT_EQ(ledger.find(old), nullptr);
  Urb* next = ledger.add(submit_of(2), TransferType::bulk, {});
  ledger.give_transaction(*next);
  EXPECT_EQ(ledger.find(old), nullptr);
  EXPECT_NE(next->transaction, old);
}

TEST(UrbLedger, Full_RefusesTheNext) {
  UrbLedger ledger;
  for (std::uint32_t i = 0; i < UrbLedger::kMaxUrbs; ++i) {
    ASSERT_NE(ledger.add(submit_of(i), TransferType::bulk, {}), nullptr);
  }
  EXPECT_EQ(ledger.add(submit_of(5000), TransferType::bulk, {}), nullptr);
  EXPECT_EQ(ledger.size(), UrbLedger::kMaxUrbs);
}

TEST(UrbQueue, RemovalAnywhere_KeepsTheOrder) {
  UrbLedger ledger;
  std::vector<Urb*> urbs;
  UrbQueue queue;
  for (std::uint32_t i = 0; i < 5; ++i) {
    urbs.push_back(ledger.add(submit_of(i), TransferType::bulk, {}));
    queue.push(*urbs.back());
  }
  queue.remove(*urbs[2]);
  queue.remove(*urbs[0]);
  queue.remove(*urbs[4]);
  EXPECT_EQ(queue.size(), 2u);
  EXPECT_EQ(queue.front(), urbs[1]);
  queue.remove(*urbs[1]);
  EXPECT_EQ(queue.front(), urbs[3]);
  queue.remove(*urbs[3]);
  EXPECT_TRUE(queue.empty());
  queue.push(*urbs[0]);
  EXPECT_EQ(queue.front(), urbs[0]);
}

class CompletionGuard : public ::testing::Test {
 protected:
  CompletionGuard() {
    urb = ledger.add(submit_of(1, 300), TransferType::isochronous, {});
    urb->packets = {{0, 100}, {100, 100}, {200, 100}};
    packets = {{0, 100, 50, UrbStatus::ok},
               {100, 100, 0, UrbStatus::cross_device},
               {200, 100, 100, UrbStatus::ok}};
    data.resize(150);
  }
  [[nodiscard]] bool allowed(std::uint64_t actual) const {
    return is_allowed(*urb, {UrbStatus::ok, actual, data, packets});
  }
  UrbLedger ledger;
  Urb* urb;
  std::vector<IsoDescriptor> packets;
  std::vector<std::byte> data;
};

TEST_F(CompletionGuard, HonestAnswer_Passes) {
  EXPECT_TRUE(allowed(150));
}

TEST_F(CompletionGuard, SumThatDisagrees_IsRefused) {
  data.resize(149);
  EXPECT_FALSE(allowed(149));
  data.resize(150);
  EXPECT_FALSE(allowed(149));
}

TEST_F(CompletionGuard, PacketLongerThanAsked_IsRefused) {
  packets[0].actual = 101;
  packets[2].actual = 49;
  EXPECT_FALSE(allowed(150));
}

TEST_F(CompletionGuard, SumThatWrapsIn32Bits_IsRefused) {
  packets[0].actual = 0xFFFFFFFFu;
  packets[1].actual = 1 + 150;
  packets[2].actual = 0;
  EXPECT_FALSE(allowed(150));
}

TEST_F(CompletionGuard, ChangedOffsetLengthOrCount_IsRefused) {
  packets[1].offset = 99;
  EXPECT_FALSE(allowed(150));
  packets[1].offset = 100;
  packets[1].length = 101;
  EXPECT_FALSE(allowed(150));
  packets[1].length = 100;
  EXPECT_TRUE(allowed(150));
  packets.push_back({});
  EXPECT_FALSE(allowed(150));
  packets.resize(2);
  EXPECT_FALSE(allowed(50));
}

TEST_F(CompletionGuard, FirstPacketNotAtZero_IsRefused) {
  urb->packets[0].offset = packets[0].offset = 4;
  EXPECT_FALSE(allowed(150));
}

TEST_F(CompletionGuard, PositiveStatus_IsRefused) {
  packets[0].status = UrbStatus{1};
  EXPECT_FALSE(allowed(150));
}

TEST(CompletionGuardBulk, LengthAndDirection) {
  UrbLedger ledger;
  Urb* in = ledger.add(submit_of(1, 10), TransferType::bulk, {});
  const std::vector<std::byte> eleven(11), ten(10);
  EXPECT_TRUE(is_allowed(*in, {UrbStatus::ok, 10, ten, {}}));
  EXPECT_FALSE(is_allowed(*in, {UrbStatus::ok, 11, eleven, {}}));
  EXPECT_FALSE(is_allowed(*in, {UrbStatus::ok, 9, ten, {}}));
  EXPECT_FALSE(is_allowed(*in, {UrbStatus::ok, std::uint64_t{1} << 32, {}, {}}));
  auto out_submit = submit_of(2, 10);
  out_submit.endpoint = EndpointAddress{0x02};
  Urb* out = ledger.add(out_submit, TransferType::bulk, {});
  EXPECT_TRUE(is_allowed(*out, {UrbStatus::ok, 10, {}, {}}));
  EXPECT_FALSE(is_allowed(*out, {UrbStatus::ok, 10, ten, {}}));
}

}  // namespace
}  // namespace usbgw::host
