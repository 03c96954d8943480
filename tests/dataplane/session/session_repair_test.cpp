// Symbols over several sources: blocks and windows, from the sender's schedule to the receiver's
// elimination.
#include <gtest/gtest.h>

#include <set>

#include "tests/dataplane/session/session_pair.h"

namespace usbgw::session {
namespace {

using namespace test;

StreamOptions combined(RepairScheme scheme, unsigned data, unsigned repair, Duration spread) {
  StreamOptions options = timely();
  options.repair.scheme = scheme;
  options.repair.data = static_cast<std::uint8_t>(data);
  options.repair.repair = static_cast<std::uint8_t>(repair);
  options.repair.spread = spread;
  return options;
}

StreamOptions block(unsigned data, unsigned repair, Duration spread) {
  return combined(RepairScheme::block, data, repair, spread);
}

StreamOptions window(unsigned data, unsigned repair, Duration spread) {
  return combined(RepairScheme::window, data, repair, spread);
}

// Sends sources `first` to `last`, 1 ms apart, of sizes that differ; those in `lost` meet a path
// that loses everything.
void send(Pair& pair, std::uint32_t first, std::uint32_t last,
          const std::set<std::uint32_t>& lost = {}) {
  for (std::uint32_t i = first; i <= last; ++i) {
    pair.a_to_b.impairment.loss = lost.contains(i) ? 1 : 0;
    ASSERT_TRUE(pair.a.send_counted(kStream, i, 8 + 37 * (i % 5)));
    pair.step();
    pair.a_to_b.impairment.loss = 0;
    pair.run(750us);
  }
}

void expect_all_once(const Pair& pair, std::uint32_t count) {
  std::set<std::uint32_t> seen;
  for (const Delivered& delivered : pair.b.delivered) {
    const std::uint32_t number = counted(delivered);
    EXPECT_TRUE(seen.insert(number).second) << number;
    EXPECT_EQ(delivered.item.source, SourceNumber{number});
    ASSERT_EQ(delivered.bytes.size(), 8 + 37 * (number % 5));
    for (std::size_t i = 4; i < delivered.bytes.size(); ++i)
      ASSERT_EQ(delivered.bytes[i], static_cast<std::byte>(number)) << number;
  }
  EXPECT_EQ(seen.size(), count);
}

void expect_all_blocks_home(Pair& pair) {
  pair.run(1s);
  EXPECT_EQ(pair.a.outbound.free_blocks(), 2048u);
  EXPECT_EQ(pair.b.inbound.free_blocks(), 256u);
}

TEST(SessionRepair, BlockRepairsAsManyLossesAsItHasSymbols) {
  Pair pair;
  pair.open(block(8, 4, 4ms));
  pair.run(10ms);
  send(pair, 0, 23, {1, 4, 5, 7, 12, 20, 21, 22, 23});
  pair.run(20ms);
  expect_all_once(pair, 24);
  EXPECT_EQ(pair.b.count(SessionCounter::sources_repaired), 9u);
  EXPECT_EQ(pair.a.count(SessionCounter::repairs_sent), 12u);
  EXPECT_EQ(pair.b.count(SessionCounter::drop_malformed), 0u);
  expect_all_blocks_home(pair);
}

TEST(SessionRepair, SourcesOfABlockAreDeliveredAtOnce) {
  Pair pair;
  pair.open(block(8, 4, 4ms));
  pair.run(10ms);
  send(pair, 0, 6, {2});
  ASSERT_EQ(pair.b.delivered.size(), 2u);
  pair.run(5ms);
  EXPECT_EQ(pair.b.delivered.size(), 6u);
}

TEST(SessionRepair, SymbolsOfABlockLeaveEvenlyOverItsSpread) {
  Pair pair;
  pair.open(block(4, 4, 4ms));
  pair.run(1s);
  send(pair, 0, 3);
  pair.run(250us);
  std::vector<std::uint64_t> sent;
  for (int i = 0; i < 4; ++i) {
    sent.push_back(pair.a.count(SessionCounter::repairs_sent));
    pair.run(1ms);
  }
  EXPECT_EQ(sent, (std::vector<std::uint64_t>{1, 2, 3, 4}));
}

// One lost datagram takes one.
TEST(SessionRepair, SymbolSharesNoDatagramWithItsSourcesOrItsLikes) {
  Pair pair;
  pair.open(block(2, 3, 0ms));
  pair.run(1s);
  send(pair, 0, 0);
  const std::size_t before = pair.a_to_b.log.size();
  ASSERT_TRUE(pair.a.send_counted(kStream, 1, 45));
  pair.step();
  EXPECT_EQ(pair.a.count(SessionCounter::repairs_sent), 3u);
  EXPECT_EQ(pair.a_to_b.log.size(), before + 1 + 3);
}

TEST(SessionRepair, CopyRidesWithALaterSource) {
  Pair pair;
  pair.open(block(1, 1, 1ms));
  pair.run(1s);
  send(pair, 0, 0);
  const std::size_t before = pair.a_to_b.log.size();
  ASSERT_TRUE(pair.a.send_counted(kStream, 1, 45));
  pair.step();
  EXPECT_EQ(pair.a.count(SessionCounter::repairs_sent), 1u);
  EXPECT_EQ(pair.a_to_b.log.size(), before + 1);
}

TEST(SessionRepair, BlocksOfOneAreCopiesAtEvenDistances) {
  Pair pair;
  pair.open(block(1, 2, 6ms));
  pair.run(10ms);
  send(pair, 0, 0, {0});
  const Instant sent = pair.now_b() - 1ms;
  pair.run(20ms);
  ASSERT_EQ(pair.b.delivered.size(), 1u);
  EXPECT_EQ(pair.b.delivered[0].item.provenance, Provenance::repaired);
  EXPECT_LE(pair.b.delivered[0].item.time - sent, 4ms + 3ms + 500us);
  EXPECT_EQ(pair.a.count(SessionCounter::repairs_sent), 2u);
  EXPECT_EQ(pair.b.count(SessionCounter::repairs_useless), 1u);
}

TEST(SessionRepair, WindowRepairsABurst) {
  Pair pair;
  pair.open(window(1, 1, 8ms));
  pair.run(10ms);
  send(pair, 0, 60, {20, 21, 22, 40});
  pair.run(20ms);
  expect_all_once(pair, 61);
  EXPECT_EQ(pair.b.count(SessionCounter::sources_repaired), 4u);
  expect_all_blocks_home(pair);
}

TEST(SessionRepair, WindowOfHalfARateRepairsSingleLosses) {
  Pair pair;
  pair.open(window(2, 1, 8ms));
  pair.run(10ms);
  send(pair, 0, 59, {0, 9, 18, 31, 32, 50});
  pair.run(20ms);
  expect_all_once(pair, 60);
  EXPECT_EQ(pair.a.count(SessionCounter::repairs_sent), 30u);
}

TEST(SessionRepair, ReceiverOfCopiesTakesBlocksFromTheFirstSymbolOn) {
  Pair pair;
  ASSERT_TRUE(pair.a.session->open_outbound(block(4, 2, 2ms)));
  ASSERT_TRUE(pair.b.session->open_inbound(timely(4ms)));
  pair.run(10ms);
  send(pair, 0, 31, {13, 14});
  pair.run(20ms);
  expect_all_once(pair, 32);
}

TEST(SessionRepair, RandomLossIsRepairedAndEachSourceComesOnce) {
  for (const auto& options : {block(8, 8, 4ms), block(1, 3, 6ms), window(1, 2, 6ms)}) {
    PairOptions pair_options;
    pair_options.seed = 42;
    pair_options.inbound_items = 8192;
    Pair pair(pair_options);
    pair.open(options);
    pair.run(10ms);
    pair.a_to_b.impairment.loss = 0.03;
    pair.a_to_b.impairment.jitter = 2ms;
    pair.a_to_b.impairment.duplicate = 0.05;
    for (std::uint32_t i = 0; i < 3000; ++i) {
      ASSERT_TRUE(pair.a.send_counted(kStream, i, 8 + 37 * (i % 5)));
      pair.run(1ms);
    }
    pair.a_to_b.impairment.loss = 0;
    pair.run(50ms);
    expect_all_once(pair, 3000);
    EXPECT_GT(pair.b.count(SessionCounter::sources_repaired), 50u);
    EXPECT_EQ(pair.b.count(SessionCounter::drop_malformed), 0u);
    expect_all_blocks_home(pair);
  }
}

TEST(SessionRepair, SymbolsNeverExceedTheStreamsLargestDatagram) {
  Pair pair;
  StreamOptions options = block(8, 4, 4ms);
  options.max_payload = 700;
  pair.open(options);
  pair.run(1s);
  const std::size_t before = pair.a_to_b.log.size();
  for (std::uint32_t i = 0; i < 64; ++i) {
    ASSERT_TRUE(pair.a.send_counted(kStream, i, source_bytes_in(700)));
    pair.run(1ms);
  }
  pair.run(10ms);
  EXPECT_EQ(pair.a.count(SessionCounter::repairs_sent), 32u);
  for (std::size_t i = before; i < pair.a_to_b.log.size(); ++i) {
    const Sent& sent = pair.a_to_b.log[i];
    if (sent.traffic_class == qos::TrafficClass::management) continue;
    EXPECT_LE(sent.bytes.size(), 700u);
  }
}

TEST(SessionRepair, ReopenedStreamForgetsTheSourcesBefore) {
  Pair pair;
  pair.open(window(1, 1, 8ms));
  pair.run(10ms);
  send(pair, 0, 20);
  StreamOptions again = window(1, 1, 8ms);
  again.epoch = StreamEpoch{2};
  pair.run(20ms);
  pair.b.delivered.clear();
  pair.open(again);
  for (std::uint32_t i = 0; i < 20; ++i) {
    pair.a_to_b.impairment.loss = i == 3 ? 1 : 0;
    Bytes bytes(16, static_cast<std::byte>(100 + i));
    ASSERT_TRUE(pair.a.send(kStream, bytes, ItemKind::source, StreamEpoch{2}));
    pair.run(1ms);
  }
  pair.run(20ms);
  ASSERT_EQ(pair.b.delivered.size(), 20u);
  for (const Delivered& delivered : pair.b.delivered)
    EXPECT_EQ(delivered.bytes[0], static_cast<std::byte>(100 + delivered.item.source.value()));
}

}  // namespace
}  // namespace usbgw::session
