// Key epochs: what is sent under the old and the new key around a change, and what a spent key
// stops.
#include <gtest/gtest.h>

#include "tests/dataplane/session/session_pair.h"
#include "wire/records.h"

namespace usbgw::session {
namespace {

using namespace test;

constexpr SessionIndex kNextIndex{99};

std::unique_ptr<ReceiveEpoch> receive_epoch(bool is_host, std::uint32_t epoch, SessionIndex index) {
  const auto keys = derive_keys(kSecret, is_host, epoch, 0);
  return std::make_unique<ReceiveEpoch>(index, epoch, keys.receive, keys.receive_iv);
}

std::unique_ptr<TransmitEpoch> transmit_epoch(bool is_host, std::uint32_t epoch,
                                              SessionIndex index) {
  const auto keys = derive_keys(kSecret, is_host, epoch, 0);
  return std::make_unique<TransmitEpoch>(index, keys.transmit, keys.transmit_iv);
}

SessionIndex index_of(const Sent& sent) {
  return SessionIndex{load_be<std::uint32_t>(sent.bytes.data() + 4)};
}

struct Rotation : testing::Test {
  void send(std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) {
      ASSERT_TRUE(pair.a.send_counted(kStream, next++));
      pair.step();
    }
  }
  void rotate(std::uint32_t epoch, SessionIndex index) {
    static_cast<void>(pair.b.session->rotate_receive(receive_epoch(false, epoch, index)));
    static_cast<void>(pair.a.session->rotate_transmit(transmit_epoch(true, epoch, index)));
  }
  Pair pair;
  std::uint32_t next = 0;
};

TEST_F(Rotation, NothingIsLostAroundAChange) {
  pair.a_to_b.impairment.jitter = 6ms;  // old and new mix on the way
  pair.open(timely());
  send(500);
  rotate(1, kNextIndex);
  send(500);
  pair.run(20ms);
  EXPECT_EQ(pair.b.delivered.size(), 1000u);
  EXPECT_EQ(pair.b.count(SessionCounter::drop_authentication), 0u);
  EXPECT_EQ(pair.b.count(SessionCounter::drop_replay), 0u);
  EXPECT_EQ(index_of(pair.a_to_b.log.back()), kNextIndex);
}

TEST_F(Rotation, PacketNumbersStartAgainUnderTheNewKey) {
  pair.open(timely());
  send(100);
  rotate(1, kNextIndex);
  const std::size_t before = pair.a_to_b.log.size();
  send(1);
  ASSERT_GT(pair.a_to_b.log.size(), before);
  EXPECT_EQ(load_be<std::uint64_t>(pair.a_to_b.log[before].bytes.data() + 8), 0u);
}

TEST_F(Rotation, OldKeyIsRefusedAfterTheOverlap) {
  pair.open(timely());
  send(1);
  const Bytes old = pair.a_to_b.log.back().bytes;
  static_cast<void>(pair.b.session->rotate_receive(receive_epoch(false, 1, kNextIndex)));
  pair.run(kKeyOverlap + 5s);  // the peer goes on with the old key: it is good for that long
  EXPECT_TRUE(pair.b.session->receives(SessionIndex{2}));
  EXPECT_EQ(pair.b.count(SessionCounter::drop_authentication), 0u);
  static_cast<void>(pair.a.session->rotate_transmit(transmit_epoch(true, 1, kNextIndex)));
  send(1);
  pair.run(kKeyOverlap + 1s);
  auto replayed = old;
  pair.b.session->receive(replayed, {}, pair.now_b(), pair.now_b());
  EXPECT_EQ(pair.b.count(SessionCounter::drop_authentication), 1u);
}

TEST_F(Rotation, ReplayAcrossTheChangeIsDropped) {
  pair.open(timely());
  send(10);
  auto replayed = pair.a_to_b.log.back().bytes;
  pair.run(10ms);
  rotate(1, kNextIndex);
  send(10);
  pair.run(10ms);
  pair.b.session->receive(replayed, {}, pair.now_b(), pair.now_b());
  EXPECT_EQ(pair.b.count(SessionCounter::drop_replay), 1u);
}

TEST_F(Rotation, EpochsThatArePastComeBack) {
  EXPECT_EQ(pair.b.session->rotate_receive(receive_epoch(false, 1, kNextIndex)), nullptr);
  const auto past = pair.b.session->rotate_receive(receive_epoch(false, 2, SessionIndex{100}));
  ASSERT_NE(past, nullptr);
  EXPECT_EQ(past->epoch, 0u);
  EXPECT_FALSE(pair.b.session->receives(SessionIndex{2}));
}

TEST_F(Rotation, SpentKeySendsNothingUntilTheNextOne) {
  pair.open(timely());
  pair.run(10ms);
  auto spent = transmit_epoch(true, 1, kNextIndex);
  spent->next_packet = kMaxPacketsPerKey - 1;
  static_cast<void>(pair.b.session->rotate_receive(receive_epoch(false, 1, kNextIndex)));
  static_cast<void>(pair.a.session->rotate_transmit(std::move(spent)));
  const std::size_t before = pair.a_to_b.log.size();
  send(20);
  EXPECT_EQ(pair.a_to_b.log.size(), before + 1);
  EXPECT_GT(pair.a.count(SessionCounter::transmit_key_spent), 0u);
  pair.run(10ms);
  EXPECT_EQ(pair.b.session->packets_under_key(), kMaxPacketsPerKey);
  rotate(2, SessionIndex{100});
  send(20);
  pair.run(10ms);
  EXPECT_EQ(index_of(pair.a_to_b.log.back()), SessionIndex{100});
  EXPECT_EQ(pair.b.delivered.size(), 40u);  // what waited went out too
}

TEST_F(Rotation, NewestReportIsToldAcrossTheChange) {
  pair.open(timely());
  const Bytes report(wire::kClockReportBytes, std::byte{1});
  ASSERT_TRUE(pair.a.send(kStream, report, ItemKind::clock_report));
  pair.run(10ms);
  rotate(1, kNextIndex);
  ASSERT_TRUE(pair.a.send(kStream, report, ItemKind::clock_report));
  pair.run(10ms);
  EXPECT_EQ(pair.b.delivered.size(), 2u);
}

}  // namespace
}  // namespace usbgw::session
