#include <gtest/gtest.h>

#include <set>

#include "tests/dataplane/session/session_pair.h"

namespace usbgw::session {
namespace {

using namespace test;

TEST(Session, TimelySourcesArriveOnceAndAtOnceOnACleanPath) {
  Pair pair;
  pair.open(timely());
  for (std::uint32_t i = 0; i < 100; ++i) {
    ASSERT_TRUE(pair.a.send_counted(kStream, i));
    pair.run(1ms);
  }
  pair.run(5ms);
  ASSERT_EQ(pair.b.delivered.size(), 100u);
  for (std::uint32_t i = 0; i < 100; ++i) {
    EXPECT_EQ(counted(pair.b.delivered[i]), i);
    EXPECT_EQ(pair.b.delivered[i].item.source, SourceNumber{i});
    EXPECT_EQ(pair.b.delivered[i].item.provenance, Provenance::direct);
    EXPECT_EQ(pair.b.delivered[i].item.stream, kStream);
  }
  EXPECT_EQ(pair.a.outbound.free_blocks(), 2048u);
  EXPECT_EQ(pair.b.inbound.free_blocks(), 256u);
}

TEST(Session, EverySourceOfATurnThatFitsSharesOneDatagram) {
  Pair pair;
  pair.open(timely());
  pair.run(1s);
  const auto before = pair.a.count(SessionCounter::datagrams_sent);
  const auto pings = pair.a_to_b.log.size();
  for (std::uint32_t i = 0; i < 5; ++i) ASSERT_TRUE(pair.a.send_counted(kStream, i, 100));
  pair.step();
  EXPECT_EQ(pair.a.count(SessionCounter::datagrams_sent), before + 1);
  ASSERT_GT(pair.a_to_b.log.size(), pings);
  EXPECT_EQ(pair.a_to_b.log[pings].traffic_class, qos::TrafficClass::isochronous);
  pair.run(10ms);
  EXPECT_EQ(pair.b.delivered.size(), 5u);
}

TEST(Session, NoDatagramIsLargerThanThePathPayload) {
  PairOptions options;
  options.max_payload = 1400;
  Pair pair(options);
  pair.open(timely(2ms));
  const std::size_t largest = pair.a.session->max_source_bytes();
  for (std::uint32_t i = 0; i < 50; ++i)
    ASSERT_TRUE(pair.a.send_counted(kStream, i, i % 2 == 0 ? largest : 300));
  pair.run(50ms);
  EXPECT_EQ(pair.b.delivered.size(), 50u);
  for (const Sent& sent : pair.a_to_b.log) EXPECT_LE(sent.bytes.size(), 1400u);
}

TEST(Session, SourceLargerThanThePathIsDroppedAndCounted) {
  Pair pair;
  pair.open(timely());
  ASSERT_TRUE(pair.a.send(kStream, Bytes(pair.a.session->max_source_bytes() + 1)));
  pair.run(10ms);
  EXPECT_EQ(pair.a.count(SessionCounter::drop_too_large), 1u);
  EXPECT_TRUE(pair.b.delivered.empty());
  EXPECT_EQ(pair.a.outbound.free_blocks(), 2048u);
}

TEST(Session, DelayedCopyRepairsALostSource) {
  Pair pair;
  pair.open(timely(2ms));
  pair.run(10ms);
  pair.a_to_b.impairment.loss = 1;
  ASSERT_TRUE(pair.a.send_counted(kStream, 0));
  pair.run(1ms);
  pair.a_to_b.impairment.loss = 0;
  pair.run(10ms);
  ASSERT_EQ(pair.b.delivered.size(), 1u);
  EXPECT_EQ(pair.b.delivered[0].item.provenance, Provenance::repaired);
  EXPECT_EQ(pair.b.count(SessionCounter::sources_repaired), 1u);
  EXPECT_EQ(pair.a.outbound.free_blocks(), 2048u);
}

TEST(Session, CopiesLeaveOnlyDoubleLossesAndNothingTwice) {
  Pair pair;
  pair.a_to_b.impairment = {.jitter = 2ms, .loss = 0.1, .duplicate = 0.05, .corrupt = 0.01};
  pair.open(timely(4ms));
  for (std::uint32_t i = 0; i < 5000; ++i) {
    ASSERT_TRUE(pair.a.send_counted(kStream, i));
    pair.run(1ms);
  }
  pair.run(50ms);
  std::set<std::uint32_t> distinct;
  for (const auto& delivered : pair.b.delivered) distinct.insert(counted(delivered));
  EXPECT_EQ(distinct.size(), pair.b.delivered.size());
  // 0.11 lost or damaged, and both the source and its copy: about 60 of 5000.
  EXPECT_GT(distinct.size(), 4880u);
  EXPECT_GT(pair.b.count(SessionCounter::sources_repaired), 400u);
  EXPECT_GT(pair.b.count(SessionCounter::repairs_useless), 3800u);
  EXPECT_GT(pair.b.count(SessionCounter::drop_authentication), 0u);
  pair.b.session->close_inbound(kStream);
  EXPECT_EQ(pair.b.count(SessionCounter::sources_lost) + distinct.size(), 5000u);
}

TEST(Session, OtherEpochAndUnknownStreamAreCountedAndNotDelivered) {
  Pair pair;
  ASSERT_TRUE(pair.a.session->open_outbound(timely()));
  ASSERT_TRUE(pair.a.send_counted(kStream, 0));
  pair.run(10ms);
  EXPECT_EQ(pair.b.count(SessionCounter::drop_unknown_stream), 1u);
  StreamOptions other = timely();
  other.epoch = StreamEpoch{2};
  ASSERT_TRUE(pair.b.session->open_inbound(other));
  ASSERT_TRUE(pair.a.send_counted(kStream, 1));
  pair.run(10ms);
  EXPECT_EQ(pair.b.count(SessionCounter::drop_unknown_stream), 2u);
  EXPECT_TRUE(pair.b.delivered.empty());
}

TEST(Session, ItemOfAnEarlierOpeningIsNotSent) {
  Pair pair;
  StreamOptions second = timely();
  second.epoch = StreamEpoch{2};
  pair.open(second);
  ASSERT_TRUE(pair.a.send_counted(kStream, 0));  // epoch 1
  pair.run(10ms);
  EXPECT_TRUE(pair.b.delivered.empty());
  EXPECT_EQ(pair.a.count(SessionCounter::drop_unknown_stream), 1u);
  EXPECT_EQ(pair.a.outbound.free_blocks(), 2048u);
}

TEST(Session, ReopenedStreamCountsFromZero) {
  Pair pair;
  pair.open(timely());
  ASSERT_TRUE(pair.a.send_counted(kStream, 0));
  pair.run(10ms);
  StreamOptions second = timely();
  second.epoch = StreamEpoch{2};
  pair.open(second);
  ASSERT_TRUE(pair.a.send(kStream, Bytes(4), ItemKind::source, StreamEpoch{2}));
  pair.run(10ms);
  ASSERT_EQ(pair.b.delivered.size(), 2u);
  EXPECT_EQ(pair.b.delivered[1].item.source, SourceNumber{0});
  EXPECT_EQ(pair.b.delivered[1].item.epoch, StreamEpoch{2});
}

TEST(Session, NewestClockReportWinsAndOlderOnesAreNotDelivered) {
  Pair pair;
  pair.open(timely());
  pair.a_to_b.impairment.jitter = 3ms;  // reorders
  for (std::uint32_t i = 0; i < 200; ++i) {
    Bytes report(28);
    store_be<std::uint32_t>(report.data(), i);
    ASSERT_TRUE(pair.a.send(kStream, report, ItemKind::clock_report));
    pair.run(500us);
  }
  pair.run(10ms);
  ASSERT_GT(pair.b.delivered.size(), 20u);
  EXPECT_LT(pair.b.delivered.size(), 200u);
  for (std::size_t i = 1; i < pair.b.delivered.size(); ++i) {
    EXPECT_EQ(pair.b.delivered[i].item.kind, ItemKind::clock_report);
    EXPECT_GT(counted(pair.b.delivered[i]), counted(pair.b.delivered[i - 1]));
  }
}

// Reports about an OUT stream come from the end that receives its sources.
TEST(Session, ClockReportTravelsAgainstItsStream) {
  Pair pair;
  pair.open(timely());
  ASSERT_TRUE(pair.b.send(kStream, Bytes(28), ItemKind::clock_report));
  pair.run(10ms);
  ASSERT_EQ(pair.a.delivered.size(), 1u);
  EXPECT_EQ(pair.a.delivered[0].item.kind, ItemKind::clock_report);
}

TEST(Session, SixtyFifthStreamIsRefusedUntilOneIsClosed) {
  Pair pair;
  for (std::uint16_t i = 0; i < 64; ++i) {
    ASSERT_TRUE(pair.a.session->open_outbound(timely({}, StreamId{i})));
    ASSERT_TRUE(pair.a.session->open_inbound(timely({}, StreamId{i})));
  }
  EXPECT_FALSE(pair.a.session->open_outbound(timely({}, StreamId{64})));
  EXPECT_FALSE(pair.a.session->open_inbound(timely({}, StreamId{64})));
  EXPECT_TRUE(pair.a.session->open_outbound(timely({}, StreamId{63})));  // replaces
  pair.a.session->close_outbound(StreamId{5});
  EXPECT_TRUE(pair.a.session->open_outbound(timely({}, StreamId{64})));
}

TEST(Session, PortWithoutRoomLosesNothingThatWaits) {
  Pair pair;
  pair.open(timely());
  pair.a.port.room_for = 0;
  for (std::uint32_t i = 0; i < 40; ++i) ASSERT_TRUE(pair.a.send_counted(kStream, i, 500));
  pair.run(2ms);
  EXPECT_EQ(pair.a.count(SessionCounter::transmit_blocked), 8u);  // once a turn
  pair.a.port.room_for = 5;
  pair.run(1ms);
  pair.a.port.room_for = SIZE_MAX;
  pair.run(10ms);
  ASSERT_EQ(pair.b.delivered.size(), 40u);
  for (std::uint32_t i = 0; i < 40; ++i) EXPECT_EQ(counted(pair.b.delivered[i]), i);
}

TEST(Session, EmptyBlockPoolDropsTimelySourcesAndCountsThem) {
  PairOptions options;
  options.inbound_blocks = 4;
  Pair pair(options);
  pair.open(timely());
  pair.run(1s);
  pair.b.consumes = false;
  for (std::uint32_t i = 0; i < 10; ++i) {
    ASSERT_TRUE(pair.a.send_counted(kStream, i));
    pair.run(1ms);
  }
  pair.run(10ms);
  EXPECT_EQ(pair.b.count(SessionCounter::drop_no_block), 6u);
  pair.b.consumes = true;
  pair.run(1ms);
  EXPECT_EQ(pair.b.delivered.size(), 4u);
  EXPECT_TRUE(pair.b.session->path().valid);
}

}  // namespace
}  // namespace usbgw::session
