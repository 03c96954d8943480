#include <gtest/gtest.h>

#include <memory>
#include <new>

#include "tests/dataplane/session/hostile_peer.h"

namespace usbgw::session {
namespace {

using namespace test;

constexpr Instant kNow = Instant{} + 10s;

struct Victim {
  Victim() : wire(1), end(PairOptions{}, false, wire) {}
  void receive(Bytes datagram) {
    end.session->receive(datagram, {}, kNow, kNow);
    end.consume();
  }
  std::size_t delivered() const { return end.delivered.size(); }
  Wire wire;
  End end;
};

TEST(SessionKeys, BothEndsAgreeAndNothingElseDoes) {
  const auto host = derive_keys(kSecret, true, 3, 1);
  const auto agent = derive_keys(kSecret, false, 3, 1);
  EXPECT_EQ(host.transmit, agent.receive);
  EXPECT_EQ(host.receive, agent.transmit);
  EXPECT_EQ(host.transmit_iv, agent.receive_iv);
  EXPECT_EQ(host.receive_iv, agent.transmit_iv);
  EXPECT_NE(host.transmit, host.receive);
  EXPECT_NE(host.transmit_iv, host.receive_iv);
  EXPECT_NE(host.transmit, derive_keys(kSecret, true, 4, 1).transmit);
  EXPECT_NE(host.transmit, derive_keys(kSecret, true, 3, 2).transmit);
  auto other = kSecret;
  other[31] = std::byte{1};
  EXPECT_NE(host.transmit, derive_keys(other, true, 3, 1).transmit);
}

TEST(SessionKeys, NothingIsLeftOfThemWhenTheyGo) {
  alignas(SessionKeys) std::byte memory[sizeof(SessionKeys)];
  const volatile std::byte* const seen = memory;
  const auto left = [&] {
    std::size_t count = 0;
    for (std::size_t i = 0; i < sizeof memory; ++i) count += seen[i] == std::byte{} ? 0u : 1u;
    return count;
  };
  auto* const keys = new (memory) SessionKeys(derive_keys(kSecret, true, 0, 0));
  EXPECT_GT(left(), 40u);  // of 56
  std::destroy_at(keys);
  EXPECT_EQ(left(), 0u);
}

TEST(SessionSecurity, ReplayedDatagramIsDroppedAtAnyLaterTime) {
  Victim victim;
  HostilePeer peer;
  ASSERT_TRUE(victim.end.session->open_inbound(timely()));
  const auto first = peer.source(0);
  victim.receive(first);
  victim.receive(first);
  for (std::uint32_t i = 1; i <= 9000; ++i) victim.receive(peer.source(i));
  victim.receive(first);
  EXPECT_EQ(victim.delivered(), 9001u);
  EXPECT_EQ(victim.end.count(SessionCounter::drop_replay), 2u);
}

TEST(SessionSecurity, DatagramsReorderedWithinTheWindowAreTaken) {
  Victim victim;
  HostilePeer peer;
  ASSERT_TRUE(victim.end.session->open_inbound(timely()));
  std::vector<Bytes> datagrams;
  for (std::uint32_t i = 0; i < 4000; ++i) datagrams.push_back(peer.source(i));
  for (auto it = datagrams.rbegin(); it != datagrams.rend(); ++it) victim.receive(*it);
  EXPECT_EQ(victim.delivered(), 4000u);
}

TEST(SessionSecurity, ForgedDatagramChangesNothingButACounter) {
  Victim victim;
  HostilePeer peer;
  ASSERT_TRUE(victim.end.session->open_inbound(timely()));
  const auto good = peer.source(0);
  Random random(3);
  for (int i = 0; i < 2000; ++i) {
    auto forged = good;
    // Far ahead in packet number: must not move the replay window.
    if (i % 2 == 0) store_be<std::uint64_t>(forged.data() + 8, random.below(kMaxPacketsPerKey));
    forged[16 + random.below(forged.size() - 16)] ^= static_cast<std::byte>(1 + random.below(255));
    victim.receive(forged);
  }
  EXPECT_EQ(victim.end.count(SessionCounter::drop_authentication), 2000u);
  EXPECT_EQ(victim.end.count(SessionCounter::datagrams_received), 0u);
  EXPECT_EQ(victim.end.inbound.free_blocks(), 256u);
  victim.receive(good);
  EXPECT_EQ(victim.delivered(), 1u);
}

TEST(SessionSecurity, OtherSessionsIndexMagicAndShortDatagramsAreDropped) {
  Victim victim;
  HostilePeer peer;
  auto datagram = peer.source(0);
  for (std::size_t n = 0; n < datagram.size(); ++n)
    victim.receive(Bytes(datagram.begin(), datagram.begin() + static_cast<std::ptrdiff_t>(n)));
  EXPECT_EQ(victim.end.count(SessionCounter::drop_authentication), datagram.size());
  datagram[7] = std::byte{3};
  victim.receive(datagram);
  EXPECT_EQ(victim.end.count(SessionCounter::drop_authentication), datagram.size() + 1);
  EXPECT_EQ(peek_session_index(datagram), SessionIndex{3});
  datagram[3] = std::byte{2};
  EXPECT_FALSE(peek_session_index(datagram));
}

TEST(SessionSecurity, PacketNumberBeyondAnyKeysLifeIsRefused) {
  Victim victim;
  HostilePeer peer;
  victim.receive(peer.seal({}, std::uint64_t{1} << 63));
  victim.receive(peer.seal({}, kMaxPacketsPerKey));
  EXPECT_EQ(victim.end.count(SessionCounter::drop_replay), 2u);
  victim.receive(peer.seal({}, kMaxPacketsPerKey - 1));
  EXPECT_EQ(victim.end.count(SessionCounter::datagrams_received), 1u);
}

TEST(SessionSecurity, RecordsBeforeAMalformedOneCountAndThoseAfterItDoNot) {
  Victim victim;
  HostilePeer peer;
  ASSERT_TRUE(victim.end.session->open_inbound(timely()));
  const Bytes symbol(4);
  const auto put = [&](ByteWriter& writer, std::uint32_t number) {
    wire::encode(wire::SourceRecord{{kStream, StreamEpoch{1}}, false, false, number, symbol},
                 writer);
  };
  victim.receive(peer.seal_with([&](ByteWriter& writer) {
    put(writer, 0);
    writer.write<std::uint32_t>(0x63000000);  // no such type
    put(writer, 1);
  }));
  EXPECT_EQ(victim.delivered(), 1u);
  EXPECT_EQ(victim.end.count(SessionCounter::drop_malformed), 1u);
}

TEST(SessionSecurity, AckOfSourcesNeverSentIsMalformed) {
  Victim victim;
  HostilePeer peer;
  ASSERT_TRUE(victim.end.session->open_outbound(reliable()));
  wire::AckRecord ack;
  ack.key = {kStream, StreamEpoch{1}};
  ack.next_expected = 1;
  victim.receive(peer.seal_with([&](ByteWriter& writer) { wire::encode(ack, writer); }));
  ack.next_expected = 0;
  ack.range_count = 1;
  ack.ranges[0] = {1, 65535};
  victim.receive(peer.seal_with([&](ByteWriter& writer) { wire::encode(ack, writer); }));
  EXPECT_EQ(victim.end.count(SessionCounter::drop_malformed), 2u);
}

TEST(SessionSecurity, ProbeThatLiesAboutItsSizeIsNotAnswered) {
  Victim victim;
  HostilePeer peer;
  victim.receive(peer.seal_with(
      [](ByteWriter& writer) { wire::encode_path_probe_header({8900}, 0, writer); }));
  EXPECT_EQ(victim.end.count(SessionCounter::drop_malformed), 1u);
}

// One datagram with more sources than may share a block: the rest is dropped, nothing breaks.
TEST(SessionSecurity, FloodOfSourcesInOneDatagramIsBounded) {
  Victim victim;
  HostilePeer peer;
  ASSERT_TRUE(victim.end.session->open_inbound(timely()));
  victim.receive(peer.seal_with([](ByteWriter& writer) {
    for (std::uint32_t i = 0; i < 500; ++i)
      wire::encode(wire::SourceRecord{{kStream, StreamEpoch{1}}, false, false, i, {}}, writer);
  }));
  EXPECT_LT(victim.delivered(), 64u);
  EXPECT_EQ(victim.end.count(SessionCounter::drop_ring_full) + victim.delivered(), 500u);
  EXPECT_EQ(victim.end.inbound.free_blocks(), 256u);
}

TEST(SessionSecurity, FloodOfPingsIsAnsweredInPart) {
  Victim victim;
  HostilePeer peer;
  victim.receive(peer.seal_with([](ByteWriter& writer) {
    for (std::uint32_t i = 0; i < 300; ++i)
      wire::encode(wire::PingRecord{i, kNow, std::nullopt}, writer);
  }));
  victim.end.session->transmit(victim.end.port, kNow, 64);
  ASSERT_EQ(victim.wire.log.size(), 1u);
  EXPECT_LT(victim.wire.log[0].bytes.size(), 1400u);
}

TEST(Session, SourceNumbersWrapAfterTwoToThe32) {
  Victim victim;
  HostilePeer peer;
  ASSERT_TRUE(victim.end.session->open_inbound(timely()));
  std::uint32_t number = 0;
  for (int i = 0; i < 5; ++i) {  // up to 2^32 - 4 in steps that unwrap
    victim.receive(peer.source(number));
    number += 0x3FFF'FFFF;
  }
  ASSERT_EQ(victim.delivered(), 5u);
  for (std::uint32_t i = 0; i < 10; ++i) victim.receive(peer.source(0xFFFF'FFFD + i));
  ASSERT_EQ(victim.delivered(), 15u);
  for (std::size_t i = 5; i < 15; ++i)
    EXPECT_EQ(victim.end.delivered[i].item.source.value(),
              victim.end.delivered[i - 1].item.source.value() + 1);
  EXPECT_GT(victim.end.delivered.back().item.source.value(), std::int64_t{1} << 32);
}

TEST(Session, RepairSymbolOfOneSourceIsThatSource) {
  Victim victim;
  HostilePeer peer;
  ASSERT_TRUE(victim.end.session->open_inbound(timely()));
  const std::array symbol{std::byte{0}, std::byte{2}, std::byte{7}, std::byte{8}, std::byte{0}};
  wire::RepairRecord repair;
  repair.key = {kStream, StreamEpoch{1}};
  repair.count = 1;
  repair.numbers[0] = 5;
  repair.symbol = symbol;
  victim.receive(peer.seal_with([&](ByteWriter& writer) { wire::encode(repair, writer); }));
  ASSERT_EQ(victim.delivered(), 1u);
  EXPECT_EQ(victim.end.delivered[0].item.source, SourceNumber{5});
  EXPECT_EQ(victim.end.delivered[0].item.provenance, Provenance::repaired);
  EXPECT_EQ(victim.end.delivered[0].bytes, (Bytes{std::byte{7}, std::byte{8}}));
}

// Any bytes at all from a peer with the keys: nothing leaks, nothing above the limits.
TEST(SessionSecurity, RandomRecordsFromAnAuthenticatedPeerBreakNothing) {
  Random random(11);
  Victim victim;
  HostilePeer peer;
  ASSERT_TRUE(victim.end.session->open_inbound(timely()));
  ASSERT_TRUE(victim.end.session->open_inbound(reliable({}, StreamId{0x0182})));
  ASSERT_TRUE(victim.end.session->open_outbound(reliable({}, StreamId{0x0182})));
  for (int i = 0; i < 20000; ++i) {
    if (i % 50 == 0) (void)victim.end.send_counted(StreamId{0x0182}, 1);
    Bytes records(random.below(200));
    for (auto& byte : records) byte = static_cast<std::byte>(random.below(i % 2 == 0 ? 256 : 8));
    if (records.size() > 4) {
      records[0] = static_cast<std::byte>(1 + random.below(9));
      records[2] = std::byte{0};
      if (random.chance(0.8)) records[3] = static_cast<std::byte>(records.size() - 4);
    }
    victim.receive(peer.seal(records));
    victim.end.session->transmit(victim.end.port, kNow + i * 1ms, 64);
  }
  victim.end.session.reset();
  EXPECT_EQ(victim.end.inbound.free_blocks(), 256u);
  EXPECT_EQ(victim.end.outbound.free_blocks(), 2048u);
  for (const Sent& sent : victim.wire.log) EXPECT_LE(sent.bytes.size(), 1400u);
}

}  // namespace
}  // namespace usbgw::session
