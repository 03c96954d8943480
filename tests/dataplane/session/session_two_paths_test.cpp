#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "dataplane/session/path_ledger.h"
#include "tests/dataplane/session/hostile_peer.h"
#include "tests/dataplane/session/session_pair.h"

namespace usbgw::session {
namespace {

using namespace test;

PairOptions two_paths() {
  PairOptions options;
  options.has_second_path = true;
  return options;
}

// 0.25 ms and 4 ms: whoever counts on the faster one alone hears that it is gone.
struct Differing : Pair {
  Differing() : Pair(two_paths()) { a_to_b.impairment.delay = b_to_a.impairment.delay = 250us; }
};

void cut(Pair& pair, PathId path, double loss = 1) {
  Wire& there = path == PathId::first ? pair.a_to_b : pair.second_a_to_b;
  Wire& back = path == PathId::first ? pair.b_to_a : pair.second_b_to_a;
  there.impairment.loss = back.impairment.loss = loss;
}

Duration distance(Duration a, Duration b) {
  return a > b ? a - b : b - a;
}

// One source a millisecond from a to b.
void stream(Pair& pair, std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i) {
    ASSERT_TRUE(pair.a.send_counted(kStream, i));
    pair.run(1ms);
  }
}

std::set<std::uint32_t> numbers(const End& end) {
  std::set<std::uint32_t> all;
  for (const Delivered& delivered : end.delivered) all.insert(counted(delivered));
  return all;
}

TEST(TwoPaths, EachDatagramGoesToBothUnderOneNumberAndIsDeliveredOnce) {
  Differing pair;
  pair.run(1s);
  pair.open(timely());
  pair.a_to_b.log.clear();
  pair.second_a_to_b.log.clear();
  stream(pair, 100);
  pair.run(20ms);
  EXPECT_EQ(pair.b.delivered.size(), 100u);
  // But for pings, which are each of one path, the very same bytes.
  std::set<Bytes> first, second;
  for (const Sent& sent : pair.a_to_b.log) first.insert(sent.bytes);
  for (const Sent& sent : pair.second_a_to_b.log) second.insert(sent.bytes);
  std::vector<Bytes> both;
  std::set_intersection(first.begin(), first.end(), second.begin(), second.end(),
                        std::back_inserter(both));
  EXPECT_EQ(both.size(), 100u);
  EXPECT_EQ(pair.a.count(SessionCounter::path_copies_sent), 100u);
  EXPECT_EQ(pair.b.count(SessionCounter::path_duplicates), 100u);
  EXPECT_EQ(pair.b.count(SessionCounter::drop_replay), 0u);
  EXPECT_EQ(pair.b.session->path_status(PathId::first).first, 100u);
  EXPECT_EQ(pair.b.session->path_status(PathId::second).first, 0u);
}

TEST(TwoPaths, NoPacketNumberIsUsedForTwoContents) {
  Differing pair;
  pair.open(timely(2ms));
  pair.b_to_a.impairment.loss = pair.second_a_to_b.impairment.loss = 0.1;
  stream(pair, 500);
  std::map<Bytes, Bytes> contents;
  for (const auto* wire : {&pair.a_to_b, &pair.second_a_to_b})
    for (const Sent& sent : wire->log) {
      const Bytes header(sent.bytes.begin(), sent.bytes.begin() + wire::kDatagramHeader);
      const auto [at, is_new] = contents.emplace(header, sent.bytes);
      EXPECT_TRUE(is_new || at->second == sent.bytes);
    }
}

TEST(TwoPaths, EitherOneIsCutForASecondAndNothingIsMissing) {
  for (const PathId path : {PathId::first, PathId::second}) {
    Differing pair;
    pair.run(1s);
    pair.open(timely());
    stream(pair, 200);
    cut(pair, path);
    for (std::uint32_t i = 200; i < 1200; ++i) {
      ASSERT_TRUE(pair.a.send_counted(kStream, i));
      pair.run(1ms);
    }
    cut(pair, path, 0);
    for (std::uint32_t i = 1200; i < 1400; ++i) {
      ASSERT_TRUE(pair.a.send_counted(kStream, i));
      pair.run(1ms);
    }
    pair.run(20ms);
    EXPECT_EQ(numbers(pair.b).size(), 1400u);
    EXPECT_EQ(pair.b.delivered.size(), 1400u);
  }
}

TEST(TwoPaths, TogetherTheyAreAsSlowAsTheSlowerOneEachWay) {
  Pair pair(two_paths());
  pair.a_to_b.impairment.delay = 1ms;
  pair.b_to_a.impairment.delay = 6ms;
  pair.second_a_to_b.impairment.delay = 3ms;
  pair.second_b_to_a.impairment.delay = 2ms;
  pair.run(5s);
  const PathEstimate& a = pair.a.session->path();
  const PathEstimate& b = pair.b.session->path();
  ASSERT_TRUE(a.valid && b.valid);
  EXPECT_LT(distance(a.outbound_offset, 1h + 3ms), 400us);
  EXPECT_LT(distance(a.inbound_offset, -1h + 6ms), 400us);
  EXPECT_LT(distance(b.inbound_offset, 1h + 3ms), 400us);
  EXPECT_LT(distance(a.base(), 4500us), 400us);
  EXPECT_LT(distance(pair.a.session->path_status(PathId::second).estimate.base(), 2500us), 400us);
}

TEST(TwoPaths, JitterIsWhatEitherAddsToTheSlowerDelay) {
  Differing pair;
  pair.a_to_b.impairment.jitter = 5ms;  // up to 5.25 ms, the other takes 4 ms
  pair.run(20s);
  EXPECT_LT(distance(pair.b.session->path().jitter, 1250us), 500us);
  EXPECT_LT(pair.a.session->path().jitter, 400us);
}

TEST(TwoPaths, EstimateStaysWhileEitherIsSilentThoughTheClocksDrift) {
  for (const PathId path : {PathId::first, PathId::second}) {
    PairOptions options = two_paths();
    options.clock_ppm = 100;
    Pair pair(options);
    pair.a_to_b.impairment.delay = pair.b_to_a.impairment.delay = 250us;
    pair.run(40s);
    cut(pair, path);
    for (int i = 0; i < 50; ++i) {
      pair.run(1s);
      const Duration truth = pair.now_b() - pair.now_a() + 4ms;
      EXPECT_LT(distance(pair.b.session->path().inbound_offset, truth), 500us);
      EXPECT_LT(distance(pair.a.session->path().outbound_offset, truth), 500us);
    }
    EXPECT_FALSE(pair.a.session->path_status(path).is_answering);
    EXPECT_TRUE(pair.a.session->path_status(other(path)).is_answering);
    cut(pair, path, 0);
    pair.run(15s);
    EXPECT_TRUE(pair.a.session->path_status(path).is_answering);
    const Duration truth = pair.now_b() - pair.now_a() + 4ms;
    EXPECT_LT(distance(pair.b.session->path().inbound_offset, truth), 500us);
  }
}

TEST(TwoPaths, OneThatIsSilentForAMinuteIsForgottenUntilItAnswers) {
  Differing pair;
  pair.run(2s);
  cut(pair, PathId::second);
  pair.run(70s);
  EXPECT_LT(distance(pair.a.session->path().base(), 250us), 300us);
  pair.open(timely());
  pair.second_a_to_b.log.clear();
  stream(pair, 100);
  // Pings only, ten a second.
  EXPECT_LE(pair.second_a_to_b.log.size(), 3u);
  cut(pair, PathId::second, 0);
  pair.run(2s);
  EXPECT_LT(distance(pair.a.session->path().base(), 4ms), 300us);
  pair.second_a_to_b.log.clear();
  stream(pair, 100);
  EXPECT_GE(pair.second_a_to_b.log.size(), 100u);
}

TEST(TwoPaths, TheFirstMayBeTheDeadOneFromTheStart) {
  Pair pair(two_paths());
  cut(pair, PathId::first);
  pair.run(1s);
  EXPECT_TRUE(pair.a.session->path().valid);
  pair.open(timely());
  stream(pair, 100);
  pair.run(20ms);
  EXPECT_EQ(numbers(pair.b).size(), 100u);
}

// What a peer names as its second path gets pings until it has answered one of them.
TEST(TwoPaths, NothingButPingsGoesToAPathThatNeverAnswered) {
  Pair pair(two_paths());
  cut(pair, PathId::second);
  pair.open(timely());
  pair.run(3s);
  pair.second_a_to_b.log.clear();
  stream(pair, 1000);
  pair.run(20ms);
  EXPECT_LE(pair.second_a_to_b.log.size(), 12u);
  for (const Sent& sent : pair.second_a_to_b.log)
    EXPECT_EQ(sent.traffic_class, qos::TrafficClass::management);
  EXPECT_EQ(numbers(pair.b).size(), 1000u);
}

TEST(TwoPaths, APortWithoutRoomHoldsNothingUp) {
  Differing pair;
  pair.run(1s);
  pair.open(timely());
  pair.a.port.room_for = 0;
  stream(pair, 100);
  pair.run(20ms);
  EXPECT_EQ(numbers(pair.b).size(), 100u);
  pair.a.port.room_for = SIZE_MAX;
  pair.a.second_port.room_for = 0;
  pair.b.delivered.clear();
  stream(pair, 100);
  EXPECT_EQ(numbers(pair.b).size(), 100u);
  // And nothing is due at once because of it: its worker may sleep.
  EXPECT_GT(pair.a.session->next_deadline(), pair.now_a());
  pair.run(100ms);
  EXPECT_GT(pair.a.session->next_deadline(), pair.now_a());
}

TEST(TwoPaths, PayloadIsTheSmallerPathsEvenWhileThatOneIsSilent) {
  Pair pair(two_paths());
  pair.second_a_to_b.impairment.mtu = 1472;
  pair.run(20s);
  EXPECT_EQ(pair.a.session->path_payload(), 1472u);
  EXPECT_EQ(pair.a.session->path_status(PathId::first).payload, 8900u);
  EXPECT_EQ(pair.b.session->path_payload(), 8900u);
  cut(pair, PathId::second);
  pair.run(20s);
  EXPECT_EQ(pair.a.session->path_payload(), 1472u);
}

TEST(TwoPaths, LossOfEachIsMeasuredByTheOther) {
  Differing pair;
  pair.run(1s);
  pair.open(timely());
  pair.second_a_to_b.impairment.loss = 0.05;
  stream(pair, 20'000);
  const PathStatus first = pair.b.session->path_status(PathId::first);
  const PathStatus second = pair.b.session->path_status(PathId::second);
  EXPECT_EQ(first.lost, 0u);
  EXPECT_GT(first.compared, 16'000u);
  EXPECT_NEAR(static_cast<double>(second.lost) / static_cast<double>(second.compared), 0.05, 0.008);
  EXPECT_EQ(first.first, 20'000u);
}

TEST(TwoPaths, RequestsAskForWhatBothHaveLostAndNotForWhatTheFasterOneHas) {
  Differing pair;
  pair.run(1s);
  StreamOptions options = timely();
  options.repair.resends = true;
  options.repair.deadline = 20ms;
  pair.open(options);
  stream(pair, 500);
  cut(pair, PathId::first);
  for (std::uint32_t i = 500; i < 1500; ++i) {
    ASSERT_TRUE(pair.a.send_counted(kStream, i));
    pair.run(1ms);
  }
  cut(pair, PathId::first, 0);
  for (std::uint32_t i = 1500; i < 2500; ++i) {
    ASSERT_TRUE(pair.a.send_counted(kStream, i));
    pair.run(1ms);
  }
  EXPECT_EQ(pair.b.count(SessionCounter::requests_sent), 0u);
  pair.a_to_b.impairment.loss = pair.second_a_to_b.impairment.loss = 0.2;
  for (std::uint32_t i = 2500; i < 4500; ++i) {
    ASSERT_TRUE(pair.a.send_counted(kStream, i));
    pair.run(1ms);
  }
  pair.run(50ms);
  EXPECT_GT(pair.b.count(SessionCounter::requests_sent), 20u);
  EXPECT_GE(numbers(pair.b).size(), 4495u);
}

TEST(TwoPaths, ReliableStreamIsOrderedAndWholeThroughAlternatingOutages) {
  Differing pair;
  pair.run(1s);
  pair.open(reliable());
  for (std::uint32_t i = 0; i < 4000; ++i) {
    cut(pair, PathId::first, i / 300 % 4 == 1 ? 1 : 0);
    cut(pair, PathId::second, i / 300 % 4 == 3 ? 1 : 0);
    ASSERT_TRUE(pair.a.send_counted(kStream, i));
    pair.run(1ms);
  }
  pair.run(100ms);
  ASSERT_EQ(pair.b.delivered.size(), 4000u);
  for (std::uint32_t i = 0; i < 4000; ++i) EXPECT_EQ(counted(pair.b.delivered[i]), i);
  EXPECT_EQ(pair.a.count(SessionCounter::resends), 0u);
}

// --- hostile ---

struct Victim {
  Victim() : wire(1), second_wire(2), end(two_paths(), false, wire, second_wire) {}
  void receive(Bytes datagram, PathId path) {
    end.session->receive(datagram, {}, kNow, kNow, path);
  }
  [[nodiscard]] std::uint64_t count(SessionCounter counter) const { return end.count(counter); }
  static constexpr Instant kNow = Instant{} + 10s;
  Wire wire;
  Wire second_wire;
  End end;
  HostilePeer peer;
};

TEST(TwoPathsHostile, ReplayOnTheOtherPathIsDroppedOnceAsItsCopyAndThenAsAReplay) {
  Victim victim;
  ASSERT_TRUE(victim.end.session->open_inbound(timely()));
  const Bytes datagram = victim.peer.source(0);
  victim.receive(datagram, PathId::first);
  for (int i = 0; i < 5; ++i) victim.receive(datagram, PathId::second);
  victim.receive(datagram, PathId::first);
  victim.end.consume();
  EXPECT_EQ(victim.end.delivered.size(), 1u);
  EXPECT_EQ(victim.count(SessionCounter::path_duplicates), 1u);
  EXPECT_EQ(victim.count(SessionCounter::drop_replay), 5u);
}

TEST(TwoPathsHostile, ForgedBytesWithASeenNumberChangeCountersOnly) {
  Victim victim;
  ASSERT_TRUE(victim.end.session->open_inbound(timely()));
  victim.receive(victim.peer.source(0), PathId::first);
  Bytes forged = victim.peer.source(1);  // number 1
  forged.back() ^= std::byte{1};
  victim.receive(forged, PathId::second);
  EXPECT_EQ(victim.count(SessionCounter::drop_authentication), 1u);
  forged.back() ^= std::byte{1};
  victim.receive(forged, PathId::second);  // the true one is not shut out
  victim.end.consume();
  EXPECT_EQ(victim.end.delivered.size(), 2u);
}

TEST(TwoPathsHostile, PingOfOnePathSaysNothingOfTheOther) {
  Victim victim;
  const auto ping = [&](PathId path) {
    return victim.peer.seal_with([&](ByteWriter& writer) {
      wire::encode(wire::PingRecord{1, Instant{} + 1s, 1ms, path}, writer);
    });
  };
  victim.receive(ping(PathId::first), PathId::second);
  victim.receive(ping(PathId::second), PathId::first);
  EXPECT_EQ(victim.count(SessionCounter::drop_wrong_path), 2u);
  victim.end.session->transmit({victim.end.port, &victim.end.second_port}, Victim::kNow, 64);
  // Our own pings, and no pong.
  EXPECT_EQ(victim.wire.log.size(), 1u);
  EXPECT_EQ(victim.second_wire.log.size(), 1u);
  EXPECT_EQ(victim.wire.log[0].bytes.size(), wire::kDatagramOverhead + 24);
  victim.receive(ping(PathId::second), PathId::second);
  victim.end.session->transmit({victim.end.port, &victim.end.second_port}, Victim::kNow, 64);
  EXPECT_EQ(victim.wire.log.size(), 1u);
  EXPECT_EQ(victim.second_wire.log.size(), 2u);
}

TEST(TwoPathsHostile, ASessionWithOnePathDropsWhatConcernsAnother) {
  Wire wire(1);
  End end({}, false, wire);
  HostilePeer peer;
  Bytes ping = peer.seal_with([&](ByteWriter& writer) {
    wire::encode(wire::PingRecord{1, Instant{} + 1s, 1ms, PathId::second}, writer);
  });
  end.session->receive(ping, {}, Victim::kNow, Victim::kNow);
  EXPECT_EQ(end.count(SessionCounter::drop_wrong_path), 1u);
  EXPECT_EQ(end.count(SessionCounter::drop_malformed), 0u);
}

TEST(PathLedger, SettlesEachDatagramOnceHoweverTheNumbersJump) {
  PathLedger ledger;
  ledger.first(0, PathId::first);
  EXPECT_TRUE(ledger.again(0, PathId::second));
  EXPECT_FALSE(ledger.again(0, PathId::second)) << "a replay";
  EXPECT_FALSE(ledger.again(0, PathId::first));
  EXPECT_FALSE(ledger.again(1, PathId::first)) << "never opened";
  ledger.first(1, PathId::second);
  ledger.first(std::int64_t{1} << 50, PathId::first);
  EXPECT_FALSE(ledger.again(1, PathId::first)) << "too old to tell";
  EXPECT_EQ(ledger.share(PathId::first).compared, 2u);
  EXPECT_EQ(ledger.share(PathId::first).lost, 1u);
  EXPECT_EQ(ledger.share(PathId::second).compared, 1u);
  EXPECT_EQ(ledger.share(PathId::second).lost, 0u);
  EXPECT_EQ(ledger.share(PathId::first).first, 2u);
}

TEST(PathLedger, AnOldDatagramThatComesFirstIsCountedAndNoMore) {
  PathLedger ledger;
  ledger.first(10'000, PathId::first);
  ledger.first(5, PathId::second);
  EXPECT_EQ(ledger.share(PathId::second).first, 1u);
  EXPECT_FALSE(ledger.again(5, PathId::first));
}

}  // namespace
}  // namespace usbgw::session
