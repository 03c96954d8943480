#include <gtest/gtest.h>

#include "tests/dataplane/session/session_pair.h"

namespace usbgw::session {
namespace {

using namespace test;

void expect_all_once_in_order(const End& end, std::uint32_t count) {
  ASSERT_EQ(end.delivered.size(), count);
  for (std::uint32_t i = 0; i < count; ++i) {
    EXPECT_EQ(counted(end.delivered[i]), i);
    EXPECT_EQ(end.delivered[i].item.source, SourceNumber{i});
  }
}

// The property: whatever the network does, everything once and in order.
TEST(ReliableStream, DeliversEverythingOnceInOrderThroughAnyLossPattern) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    PairOptions options;
    options.seed = seed * 1000;
    options.inbound_items = std::size_t{1} << random.below(6);  // a ring that fills
    Pair pair(options);
    for (Wire* wire : {&pair.a_to_b, &pair.b_to_a})
      wire->impairment = {.delay = Duration{static_cast<Duration::rep>(random.below(10'000'000))},
                          .jitter = Duration{static_cast<Duration::rep>(random.below(8'000'000))},
                          .loss = random.uniform() * 0.4,
                          .duplicate = random.uniform() * 0.3,
                          .corrupt = random.uniform() * 0.1};
    pair.open(reliable(random.chance(0.5) ? 5ms : 0ms));
    std::uint32_t sent = 0;
    while (sent < 400) {
      for (std::uint64_t burst = random.below(20); burst > 0 && sent < 400; --burst)
        ASSERT_TRUE(pair.a.send_counted(kStream, sent++, 4 + random.below(300)));
      pair.b.consumes = random.chance(0.7);
      pair.run(1ms);
    }
    pair.b.consumes = true;
    pair.run(60s);
    expect_all_once_in_order(pair.b, 400);
    EXPECT_EQ(pair.a.outbound.free_blocks(), 2048u);  // all acknowledged
    EXPECT_EQ(pair.b.inbound.free_blocks(), 256u);
  }
}

TEST(ReliableStream, LostSourceIsResentAboutOneTimeoutLater) {
  Pair pair;
  pair.open(reliable());
  pair.run(1s);
  pair.a_to_b.impairment.loss = 1;
  ASSERT_TRUE(pair.a.send_counted(kStream, 0));
  pair.run(1ms);
  pair.a_to_b.impairment.loss = 0;
  const Instant lost = pair.now_b();
  pair.run(100ms);
  ASSERT_EQ(pair.b.delivered.size(), 1u);
  EXPECT_EQ(pair.b.delivered[0].item.provenance, Provenance::retransmitted);
  EXPECT_LT(pair.b.delivered[0].item.time - lost, 8ms + 4ms + 4ms);  // round trip, slack, one way
  EXPECT_EQ(pair.a.count(SessionCounter::resends), 1u);
}

TEST(ReliableStream, CleanPathNeedsNoResend) {
  Pair pair;
  pair.a_to_b.impairment.jitter = 4ms;
  pair.open(reliable());
  pair.run(1s);
  for (std::uint32_t i = 0; i < 1000; ++i) {
    ASSERT_TRUE(pair.a.send_counted(kStream, i));
    pair.run(1ms);
  }
  pair.run(100ms);
  expect_all_once_in_order(pair.b, 1000);
  EXPECT_EQ(pair.a.count(SessionCounter::resends), 0u);
}

// Of two copies the second is enough, and still in time.
TEST(ReliableStream, CopiesAreInTimeWhereNoAcknowledgementCouldBe) {
  Pair pair;
  pair.open(reliable(5ms));
  pair.run(1s);
  const Instant sent = pair.now_b();
  pair.a_to_b.impairment.loss = 1;
  ASSERT_TRUE(pair.a.send_counted(kStream, 0));
  pair.run(3ms);
  pair.a_to_b.impairment.loss = 0;
  pair.run(20ms);
  ASSERT_EQ(pair.b.delivered.size(), 1u);
  EXPECT_EQ(pair.b.delivered[0].item.provenance, Provenance::repaired);
  EXPECT_LE(pair.b.delivered[0].item.time - sent, 5ms + 4ms);
  EXPECT_EQ(pair.a.count(SessionCounter::repairs_sent), 2u);
  EXPECT_EQ(pair.a.count(SessionCounter::resends), 0u);
}

TEST(ReliableStream, WhatIsAcknowledgedInTimeIsNotCopied) {
  Pair pair;
  pair.a_to_b.impairment.delay = pair.b_to_a.impairment.delay = 250us;
  pair.open(reliable(5ms));
  pair.run(1s);
  for (std::uint32_t i = 0; i < 8000; ++i) {
    ASSERT_TRUE(pair.a.send_counted(kStream, i));
    pair.step(125us);
  }
  pair.run(10ms);
  expect_all_once_in_order(pair.b, 8000);
  EXPECT_EQ(pair.a.count(SessionCounter::repairs_sent), 0u);
  EXPECT_EQ(pair.a.count(SessionCounter::resends), 0u);
}

TEST(ReliableStream, LostSourceIsCopiedAsSoonAsItsAcknowledgementIsMissed) {
  Pair pair;
  pair.a_to_b.impairment.delay = pair.b_to_a.impairment.delay = 250us;
  pair.open(reliable(5ms));
  pair.run(1s);
  const Instant sent = pair.now_b();
  pair.a_to_b.impairment.loss = 1;
  ASSERT_TRUE(pair.a.send_counted(kStream, 0));
  pair.run(1ms);
  pair.a_to_b.impairment.loss = 0;
  pair.run(20ms);
  ASSERT_EQ(pair.b.delivered.size(), 1u);
  EXPECT_LE(pair.b.delivered[0].item.time - sent, 2ms);
  EXPECT_EQ(pair.a.count(SessionCounter::repairs_sent), 1u);
}

TEST(ReliableStream, CopiesLeaveInTheDatagramOfANewSource) {
  Pair pair;
  pair.open(reliable(5ms));
  pair.run(1s);
  const std::uint64_t before = pair.a.count(SessionCounter::datagrams_sent);
  for (std::uint32_t i = 0; i < 1000; ++i) {
    ASSERT_TRUE(pair.a.send_counted(kStream, i));
    pair.run(1ms);
  }
  EXPECT_GE(pair.a.count(SessionCounter::repairs_sent), 1990u);
  EXPECT_LE(pair.a.count(SessionCounter::datagrams_sent) - before, 1050u);  // pings, pongs
}

TEST(ReliableStream, DeadlineThatIsTooShortForCopiesLeavesTheTimeOut) {
  Pair pair;
  pair.open(reliable(500us));
  pair.run(1s);
  pair.a_to_b.impairment.loss = 1;
  ASSERT_TRUE(pair.a.send_counted(kStream, 0));
  pair.run(1ms);
  pair.a_to_b.impairment.loss = 0;
  pair.run(100ms);
  ASSERT_EQ(pair.b.delivered.size(), 1u);
  EXPECT_EQ(pair.a.count(SessionCounter::repairs_sent), 0u);
  EXPECT_EQ(pair.a.count(SessionCounter::resends), 1u);
}

TEST(ReliableStream, SourcesSentBeforeThePeerOpensAreNotLost) {
  Pair pair;
  ASSERT_TRUE(pair.a.session->open_outbound(reliable()));
  for (std::uint32_t i = 0; i < 100; ++i) ASSERT_TRUE(pair.a.send_counted(kStream, i));
  pair.run(500ms);
  EXPECT_TRUE(pair.b.delivered.empty());
  EXPECT_GT(pair.b.count(SessionCounter::drop_unknown_stream), 0u);
  ASSERT_TRUE(pair.b.session->open_inbound(reliable()));
  pair.run(1s);
  expect_all_once_in_order(pair.b, 100);
}

TEST(ReliableStream, StalledStreamDoesNotHoldUpAnother) {
  Pair pair;
  ASSERT_TRUE(pair.a.session->open_outbound(reliable()));  // nobody listens
  constexpr StreamId kOther{0x0182};
  pair.open(timely({}, kOther));
  for (std::uint32_t i = 0; i < 500; ++i) ASSERT_TRUE(pair.a.send_counted(kStream, i));
  EXPECT_EQ(pair.a.outbound.outstanding(kStream), 500u);
  for (std::uint32_t i = 0; i < 50; ++i) {
    ASSERT_TRUE(pair.a.send_counted(kOther, i));
    pair.run(1ms);
  }
  pair.run(10ms);
  EXPECT_EQ(pair.b.delivered.size(), 50u);
  EXPECT_EQ(pair.a.outbound.outstanding(kStream), 500u);
  pair.a.session->close_outbound(kStream);
  EXPECT_EQ(pair.a.outbound.outstanding(kStream), 0u);
  EXPECT_EQ(pair.a.outbound.free_blocks(), 2048u);
}

TEST(ReliableStream, SourceLargerThanALoweredPathWaitsUntilItIsRaised) {
  Pair pair;
  pair.open(reliable());
  pair.run(1s);
  pair.a_to_b.impairment.mtu = 1450;
  pair.run(63s);
  ASSERT_EQ(pair.a.session->path_payload(), 1400u);
  ASSERT_TRUE(pair.a.send_counted(kStream, 0, 1600));
  pair.run(1s);
  EXPECT_TRUE(pair.b.delivered.empty());
  EXPECT_EQ(pair.a.outbound.outstanding(kStream), 1u);
  pair.a_to_b.impairment.mtu = 9000;
  pair.run(30s);
  expect_all_once_in_order(pair.b, 1);
  EXPECT_EQ(pair.a.count(SessionCounter::drop_too_large), 0u);
}

TEST(ReliableStream, EmptyBlockPoolDelaysAndLosesNothing) {
  PairOptions options;
  options.inbound_blocks = 4;
  Pair pair(options);
  pair.a_to_b.impairment.loss = 0.1;
  pair.open(reliable());
  pair.b.consumes = false;
  for (std::uint32_t i = 0; i < 200; ++i) {
    ASSERT_TRUE(pair.a.send_counted(kStream, i));
    pair.run(1ms);
    if (i == 150) pair.b.consumes = true;
  }
  pair.run(20s);
  expect_all_once_in_order(pair.b, 200);
}

TEST(ReliableStream, ClosingWithHeldSourcesGivesTheirBlocksBack) {
  Pair pair;
  pair.open(reliable());
  pair.run(100ms);
  pair.a_to_b.impairment.loss = 1;
  ASSERT_TRUE(pair.a.send_counted(kStream, 0));
  pair.run(1ms);
  pair.a_to_b.impairment.loss = 0;
  for (std::uint32_t i = 1; i < 5; ++i) ASSERT_TRUE(pair.a.send_counted(kStream, i));
  pair.run(5ms);
  EXPECT_LT(pair.b.inbound.free_blocks(), 256u);
  pair.b.session->close_inbound(kStream);
  EXPECT_EQ(pair.b.inbound.free_blocks(), 256u);
  EXPECT_TRUE(pair.b.delivered.empty());
}

TEST(ReliableStream, EndOfTheSessionGivesEveryBlockBack) {
  Pair pair;
  pair.open(reliable());
  pair.open(timely(100ms, StreamId{0x0182}));
  pair.a_to_b.impairment.loss = 0.5;
  for (std::uint32_t i = 0; i < 100; ++i) {
    ASSERT_TRUE(pair.a.send_counted(kStream, i));
    ASSERT_TRUE(pair.a.send_counted(StreamId{0x0182}, i));
  }
  pair.run(5ms);
  pair.a.port.room_for = 0;
  ASSERT_TRUE(pair.a.send_counted(StreamId{0x0182}, 100));
  pair.step();
  pair.a.session.reset();
  pair.b.session.reset();
  pair.a.consume();
  pair.b.consume();
  EXPECT_EQ(pair.a.outbound.free_blocks(), 2048u);
  EXPECT_EQ(pair.b.inbound.free_blocks(), 256u);
}

}  // namespace
}  // namespace usbgw::session
