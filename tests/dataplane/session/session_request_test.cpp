// What a receiver misses it asks for, and gets in time: requests and resends of timely streams.
#include <gtest/gtest.h>

#include <set>

#include "tests/dataplane/session/session_pair.h"

namespace usbgw::session {
namespace {

using namespace test;

StreamOptions resending(Duration deadline) {
  StreamOptions options = timely();
  options.repair.resends = true;
  options.repair.deadline = deadline;
  return options;
}

// A path with a round trip of 0.5 ms whose estimate has settled.
struct ShortPath {
  explicit ShortPath(const StreamOptions& options, std::uint64_t seed = 1) : pair(make(seed)) {
    pair.a_to_b.impairment.delay = pair.b_to_a.impairment.delay = 250us;
    pair.open(options);
    run(500ms);
  }
  static PairOptions make(std::uint64_t seed) {
    PairOptions options;
    options.seed = seed;
    options.inbound_items = 65536;
    return options;
  }
  void run(Duration duration) {
    for (Duration done{}; done < duration; done += 50us) pair.step(50us);
  }
  // 1 ms apart; those in `lost` vanish when they are first sent.
  void send(std::uint32_t count, const std::set<std::uint32_t>& lost = {}) {
    for (std::uint32_t i = 0; i < count; ++i) {
      pair.a_to_b.impairment.loss = lost.contains(next) ? 1 : loss;
      ASSERT_TRUE(pair.a.send_counted(kStream, next));
      sent_at.push_back(pair.now_b());
      ++next;
      pair.step(50us);
      pair.a_to_b.impairment.loss = loss;
      run(950us);
    }
  }
  // Sources that had not come `deadline` after their fastest arrival.
  [[nodiscard]] std::size_t misses(Duration deadline) const {
    std::set<std::uint32_t> in_time;
    for (const Delivered& delivered : pair.b.delivered)
      if (delivered.item.time <= sent_at[counted(delivered)] + 300us + deadline)
        in_time.insert(counted(delivered));
    return sent_at.size() - in_time.size();
  }

  Pair pair;
  double loss = 0;
  std::uint32_t next = 0;
  std::vector<Instant> sent_at;
};

TEST(SessionRequest, MissingSourceComesAgainWithinItsDeadline) {
  ShortPath path(resending(2ms));
  path.send(100, {50, 70, 71});
  EXPECT_EQ(path.pair.b.count(SessionCounter::requests_sent), 3u);
  path.run(10ms);
  EXPECT_EQ(path.misses(2ms), 0u);
  EXPECT_EQ(path.pair.a.count(SessionCounter::resends), 3u);
  EXPECT_EQ(path.pair.b.count(SessionCounter::sources_retransmitted), 3u);
  path.run(1s);
  EXPECT_EQ(path.pair.a.outbound.free_blocks(), 2048u);
  EXPECT_EQ(path.pair.b.inbound.free_blocks(), 256u);
}

TEST(SessionRequest, NothingIsAskedOnACleanPath) {
  ShortPath path(resending(4ms));
  path.send(2000);
  EXPECT_EQ(path.pair.b.count(SessionCounter::requests_sent), 0u);
  EXPECT_EQ(path.pair.a.count(SessionCounter::resends), 0u);
}

TEST(SessionRequest, JitterIsWaitedForOnceItIsKnown) {
  ShortPath path(resending(8ms));
  path.pair.a_to_b.impairment.jitter = 1ms;
  path.send(300);
  const auto learning = path.pair.a.count(SessionCounter::resends);
  path.send(2000);
  EXPECT_LE(learning, 6u);
  EXPECT_LE(path.pair.a.count(SessionCounter::resends), learning + 20);
}

TEST(SessionRequest, NothingIsAskedThatCouldNotComeInTime) {
  ShortPath path(resending(2ms));
  path.pair.a_to_b.impairment.delay = path.pair.b_to_a.impairment.delay = 4ms;
  path.run(15s);  // until the estimate has forgotten the shorter path
  path.send(200);
  const auto before = path.pair.b.count(SessionCounter::requests_sent);
  path.send(100, {250, 260});
  EXPECT_EQ(path.pair.b.count(SessionCounter::requests_sent), before);
}

// What both ends learn when D moves: what could not come in time before can now.
TEST(SessionRequest, DeadlineThatMovesUpGivesResendsTheirTime) {
  ShortPath path(resending(400us));
  path.send(100, {50});
  EXPECT_EQ(path.pair.a.count(SessionCounter::resends), 0u);
  path.pair.a.session->set_deadline(kStream, StreamEpoch{1}, 4ms);
  path.pair.b.session->set_deadline(kStream, StreamEpoch{1}, 4ms);
  path.send(100, {150});
  EXPECT_EQ(path.pair.a.count(SessionCounter::resends), 1u);
  // Of another opening: nothing to do with this one.
  path.pair.b.session->set_deadline(kStream, StreamEpoch{2}, 400us);
  path.send(100, {250});
  EXPECT_EQ(path.pair.a.count(SessionCounter::resends), 2u);
}

TEST(SessionRequest, LostRequestsAndResendsAreRepeatedUntilTheDeadline) {
  ShortPath path(resending(4ms));
  path.send(100);
  path.pair.b_to_a.impairment.loss = path.loss = 0.05;
  path.send(4000);
  path.pair.b_to_a.impairment.loss = path.loss = 0;
  path.send(20);
  path.run(20ms);
  EXPECT_EQ(path.misses(4ms), 0u);
  EXPECT_LT(path.pair.a.count(SessionCounter::resends), 4000u * 9 / 100);
}

TEST(SessionRequest, OutageIsNoStorm) {
  ShortPath path(resending(4ms));
  path.send(100);
  const auto before = path.pair.b.count(SessionCounter::requests_sent);
  path.loss = 1;
  path.send(500);
  path.loss = 0;
  path.send(100);
  EXPECT_LT(path.pair.b.count(SessionCounter::requests_sent) - before, 80u);
  EXPECT_LT(path.pair.a.count(SessionCounter::resends), 80u);
}

TEST(SessionRequest, StreamThatPausesIsAskedForLittleAndGoesOn) {
  ShortPath path(resending(4ms));
  path.send(100);
  path.run(2s);
  EXPECT_LT(path.pair.b.count(SessionCounter::requests_sent), 40u);
  EXPECT_EQ(path.pair.a.count(SessionCounter::resends), 0u);
  path.send(200, {250});
  EXPECT_EQ(path.misses(4ms), 0u);
}

TEST(SessionRequest, SenderThatDoesNotResendIgnoresRequests) {
  ShortPath path(timely());
  StreamOptions options = resending(4ms);
  ASSERT_TRUE(path.pair.b.session->open_inbound(options));
  path.send(100, {50});
  EXPECT_GT(path.pair.a.count(SessionCounter::requests_received), 0u);
  EXPECT_EQ(path.pair.a.count(SessionCounter::resends), 0u);
}

TEST(SessionRequest, AutomaticRepairFollowsTheReceiversReports) {
  StreamOptions options = resending(4ms);
  options.repair.scheme = RepairScheme::automatic;
  ShortPath path(options);
  path.send(1000);
  EXPECT_GE(path.pair.a.count(SessionCounter::repairs_sent), 990u);  // it starts with copies
  path.pair.b_to_a.impairment.loss = path.loss = 0.02;
  path.send(4000);
  const auto copies = path.pair.a.count(SessionCounter::repairs_sent);
  path.send(4000);
  path.pair.b_to_a.impairment.loss = path.loss = 0;
  path.send(100);
  path.run(20ms);
  // A round trip of 0.5 ms lets it do with resends.
  EXPECT_LE(path.pair.a.count(SessionCounter::repairs_sent) - copies, 400u);
  EXPECT_GT(path.pair.a.count(SessionCounter::resends), 60u);
  EXPECT_LE(path.misses(4ms), 1u);
  path.run(1s);
  EXPECT_EQ(path.pair.a.outbound.free_blocks(), 2048u);
}

TEST(SessionRequest, ReceiverThatReportsToAFixedSenderChangesNothing) {
  StreamOptions options = resending(4ms);
  options.repair.scheme = RepairScheme::automatic;
  ShortPath path(timely(4ms));
  ASSERT_TRUE(path.pair.b.session->open_inbound(options));
  path.send(500, {100, 200});
  path.run(10ms);
  EXPECT_EQ(path.misses(5ms), 0u);
  EXPECT_EQ(path.pair.a.count(SessionCounter::repairs_sent), 500u);
  EXPECT_EQ(path.pair.a.count(SessionCounter::drop_malformed), 0u);
}

TEST(SessionRequest, CopiesAndResendsGoTogether) {
  StreamOptions options = resending(4ms);
  options.repair.copy_after = 4ms;
  ShortPath path(options);
  path.send(200, {100});
  path.run(10ms);
  EXPECT_EQ(path.misses(4ms), 0u);
  EXPECT_EQ(path.pair.a.count(SessionCounter::resends), 1u);
  EXPECT_EQ(path.pair.a.count(SessionCounter::repairs_sent), 200u);
}

}  // namespace
}  // namespace usbgw::session
