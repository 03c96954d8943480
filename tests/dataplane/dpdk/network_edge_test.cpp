// The edge without DPDK: frames in, frames and datagrams out, time as an argument.
#include "dataplane/dpdk/network_edge.h"

#include <gtest/gtest.h>

#include <vector>

#include "common/byte_order.h"
#include "tests/hex.h"
#include "tests/wire/captured_frames.h"

namespace usbgw::dpdk {
namespace {

using namespace std::chrono_literals;
using Bytes = std::vector<std::byte>;
using test::from_hex;

const wire::MacAddress kOurs{{0x12, 0xcf, 0x45, 0x56, 0x49, 0x42}};
const wire::MacAddress kPeer{{0x9a, 0x83, 0x9e, 0x90, 0x31, 0x54}};

IpAddress ip(std::string_view text) {
  return IpAddress::parse(text).value();
}

class Collector final : public FrameSink {
 public:
  std::span<std::byte> claim(std::size_t bytes) override {
    if (empty_pool) return {};
    frames.emplace_back(bytes);
    return frames.back();
  }
  void send() override {}
  std::vector<Bytes> frames;
  bool empty_pool = false;
};

// 10.9.0.2 and fd09::2 as in the captures.
EdgeConfig config() {
  EdgeConfig config;
  config.mac = kOurs;
  config.networks = {IpNetwork::parse("10.9.0.2/24").value(),
                     IpNetwork::parse("fd09::2/64").value()};
  config.gateways = {ip("10.9.0.254"), ip("fd09::fe")};
  config.udp_port = 4791;
  return config;
}

class NetworkEdgeTest : public ::testing::Test {
 protected:
  std::optional<session::ReceivedDatagram> receive(Bytes& frame) {
    return edge.receive(frame, {}, now, sink);
  }
  // Nothing for us, exactly one more drop for that reason, no answer.
  void expect_drop(Bytes frame, PortCounter reason) {
    const auto before = edge.counters()[reason];
    const auto answers = sink.frames.size();
    EXPECT_FALSE(receive(frame));
    EXPECT_EQ(edge.counters()[reason], before + 1) << describe(reason).name;
    EXPECT_EQ(sink.frames.size(), answers);
  }
  // Frames sent since the last call.
  std::vector<Bytes> sent() { return std::exchange(sink.frames, {}); }
  std::size_t asked_at(Instant when) {
    edge.run_timers(when, sink);
    return sent().size();
  }

  NetworkEdge edge{config()};
  Collector sink;
  Instant now{1h};
  const UdpEndpoint peer{ip("10.9.0.1"), 4791};
};

TEST_F(NetworkEdgeTest, UdpForOurPort_GivesThePayloadInPlace) {
  for (const auto capture : {test::kUdp, test::kUdp6}) {
    auto frame = from_hex(capture);
    const auto datagram = receive(frame);
    ASSERT_TRUE(datagram);
    EXPECT_EQ(datagram->from.port, 4791);
    EXPECT_EQ(datagram->from.address, ip(capture == test::kUdp ? "10.9.0.1" : "fd09::1"));
    EXPECT_EQ(datagram->payload.size(), 11u);
    EXPECT_EQ(datagram->payload.data(), frame.data() + frame.size() - 11);
  }
  EXPECT_EQ(edge.counters()[PortCounter::datagrams_received], 2u);
}

TEST_F(NetworkEdgeTest, WhatIsNotForUs_IsDroppedForItsReason) {
  const auto changed = [](std::string_view capture, std::size_t at, unsigned value) {
    auto frame = from_hex(capture);
    frame[at] = static_cast<std::byte>(value);
    return frame;
  };
  expect_drop(changed(test::kUdp, 53 - 1, 0), PortCounter::drop_udp_checksum);
  expect_drop(changed(test::kUdp6, 72, 0), PortCounter::drop_udp_checksum);
  expect_drop(changed(test::kUdp, 37, 0), PortCounter::drop_other_port);
  expect_drop(changed(test::kUdp, 22, 1), PortCounter::drop_ip_checksum);
  expect_drop(changed(test::kUdp, 5, 1), PortCounter::drop_other_station);
  expect_drop(changed(test::kUdp, 12, 0x88), PortCounter::drop_ether_type);
  expect_drop(changed(test::kUdp, 14, 0x65), PortCounter::drop_malformed);
  expect_drop(changed(test::kUdp6, 53, 3), PortCounter::drop_other_address);
  expect_drop(changed(test::kUdp6, 20, 6), PortCounter::drop_protocol);
  expect_drop(changed(test::kUdp6, 20, 44), PortCounter::drop_fragment);
  expect_drop(changed(test::kPingRequest, 57, 1), PortCounter::drop_malformed);
  expect_drop(Bytes(10), PortCounter::drop_malformed);
  auto own = from_hex(test::kUdp);
  std::copy_n(own.begin(), 6, own.begin() + 6);
  expect_drop(own, PortCounter::drop_own_frame);
}

TEST_F(NetworkEdgeTest, ChecksumThatTheNicVerified_IsNotComputedAgain) {
  auto frame = from_hex(test::kUdp);
  frame[52] = std::byte{0};
  EXPECT_TRUE(edge.receive(frame, {.stripped_vlan = {}, .udp_checksum_good = true}, now, sink));
}

TEST_F(NetworkEdgeTest, TruncationAtEveryLength_GivesNothing) {
  for (const auto capture : {test::kUdp, test::kUdp6, test::kArpRequest, test::kSolicitation}) {
    const auto whole = from_hex(capture);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      Bytes frame(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      EXPECT_FALSE(receive(frame)) << size;
      EXPECT_TRUE(sent().empty()) << size;
    }
  }
}

TEST_F(NetworkEdgeTest, ArpRequest_AnswersAsTheKernelDid) {
  auto frame = from_hex(test::kArpRequest);
  EXPECT_FALSE(receive(frame));
  auto expected = from_hex(test::kArpReply);
  expected.resize(wire::kMinimumFrameBytes);  // padded
  ASSERT_EQ(sink.frames.size(), 1u);
  EXPECT_EQ(sink.frames[0], expected);
}

TEST_F(NetworkEdgeTest, ArpRequestForAnother_IsDropped) {
  auto frame = from_hex(test::kArpRequest);
  frame[41] = std::byte{9};
  expect_drop(frame, PortCounter::drop_arp);
}

TEST_F(NetworkEdgeTest, Solicitation_AnswersAsTheKernelDid) {
  auto frame = from_hex(test::kSolicitation);
  EXPECT_FALSE(receive(frame));
  ASSERT_EQ(sink.frames.size(), 1u);
  EXPECT_EQ(sink.frames[0], from_hex(test::kAdvertisement));
}

TEST_F(NetworkEdgeTest, RoutedSolicitation_IsMalformed) {
  auto frame = from_hex(test::kSolicitation);
  frame[21] = std::byte{254};  // hop limit; RFC 4861, 7.1.1
  expect_drop(frame, PortCounter::drop_malformed);
}

TEST_F(NetworkEdgeTest, Ping_ComesBackWithAGoodChecksumAndTheSameData) {
  for (const auto capture : {test::kPingRequest, test::kPing6Request}) {
    auto frame = from_hex(capture);
    EXPECT_FALSE(receive(frame));
    const auto answers = sent();
    ASSERT_EQ(answers.size(), 1u);
    const auto link = wire::decode_ethernet(answers[0]).value();
    EXPECT_EQ(link.header.destination, kPeer);
    EXPECT_EQ(link.header.source, kOurs);
    const bool v4 = capture == test::kPingRequest;
    const auto packet = v4 ? wire::decode_ipv4(link.payload) : wire::decode_ipv6(link.payload);
    const auto message =
        wire::decode_icmp(packet->payload, packet->header.source, packet->header.destination);
    EXPECT_EQ(message->type, v4 ? wire::kIcmpEchoReply : wire::kIcmpv6EchoReply);
    EXPECT_TRUE(message->checksum_ok);
    EXPECT_TRUE(std::equal(message->body.begin(), message->body.end(), frame.end() - 20));
  }
  EXPECT_EQ(edge.counters()[PortCounter::pings_answered], 2u);
}

TEST_F(NetworkEdgeTest, EmptyPool_IsACountedDropAndNoAnswer) {
  sink.empty_pool = true;
  auto frame = from_hex(test::kPingRequest);
  EXPECT_FALSE(receive(frame));
  EXPECT_EQ(edge.counters()[PortCounter::drop_no_buffer], 1u);
}

TEST_F(NetworkEdgeTest, UnknownNextHop_IsAskedForAtOnceAndLaterSlower) {
  EXPECT_EQ(edge.route(peer, now), nullptr);
  EXPECT_EQ(edge.counters()[PortCounter::drop_unresolved], 1u);
  EXPECT_EQ(edge.next_deadline(), now);
  EXPECT_EQ(asked_at(now), 1u);
  EXPECT_EQ(asked_at(now + 99ms), 0u);
  EXPECT_EQ(asked_at(now + 100ms), 1u);
  EXPECT_EQ(asked_at(now + 299ms), 0u);
  EXPECT_EQ(asked_at(now + 300ms), 1u);
}

TEST_F(NetworkEdgeTest, Answer_MakesTheRouteAndItsHeaders) {
  for (const auto* address : {"10.9.0.1", "fd09::1"}) {
    const UdpEndpoint to{ip(address), 4791};
    EXPECT_EQ(edge.route(to, now), nullptr);
    edge.learn(to.address, kPeer, now);
    const auto* route = edge.route(to, now);
    ASSERT_NE(route, nullptr);
    Bytes frame(route->header_bytes() + 11);
    std::copy_n(from_hex("68656c6c6f207573626777").begin(), 11, frame.end() - 11);
    write_headers(*route, frame, UdpChecksum::compute);
    // The peer's edge takes it.
    auto other = config();
    other.mac = kPeer;
    other.networks = {IpNetwork{ip(address), 24}};
    NetworkEdge receiver(other);
    const auto datagram = receiver.receive(frame, {}, now, sink);
    ASSERT_TRUE(datagram);
    EXPECT_EQ(datagram->from, (UdpEndpoint{ip(to.address.is_v4() ? "10.9.0.2" : "fd09::2"), 4791}));
    EXPECT_EQ(datagram->payload.size(), 11u);
  }
}

TEST_F(NetworkEdgeTest, OffLinkDestination_GoesThroughItsFamilysGateway) {
  const UdpEndpoint far{ip("192.0.2.1"), 4791};
  EXPECT_EQ(edge.route(far, now), nullptr);
  edge.learn(ip("10.9.0.254"), kPeer, now);
  ASSERT_NE(edge.route(far, now), nullptr);
  EXPECT_EQ(edge.route(far, now)->link.destination, kPeer);
  EXPECT_EQ(edge.route(far, now)->ip.destination, far.address);
}

TEST_F(NetworkEdgeTest, NoGateway_IsACountedDrop) {
  auto lonely = config();
  lonely.gateways.clear();
  NetworkEdge without(lonely);
  EXPECT_EQ(without.route({ip("192.0.2.1"), 4791}, now), nullptr);
  EXPECT_EQ(without.counters()[PortCounter::drop_no_route], 1u);
}

TEST_F(NetworkEdgeTest, UsedNeighbourIsRefreshedUnicast_AndForgottenWhenItNoLongerAnswers) {
  static_cast<void>(edge.route(peer, now));
  edge.learn(peer.address, kPeer, now);
  now += kReachableTime;
  ASSERT_NE(edge.route(peer, now), nullptr);  // in use
  edge.run_timers(now, sink);
  const auto question = sent();
  ASSERT_EQ(question.size(), 1u);
  EXPECT_EQ(wire::decode_ethernet(question[0])->header.destination, kPeer);
  ASSERT_NE(edge.route(peer, now), nullptr);  // goes on meanwhile
  for (int i = 0; i < 100; ++i) static_cast<void>(asked_at(now += 100ms));
  EXPECT_EQ(edge.route(peer, now), nullptr);
}

TEST_F(NetworkEdgeTest, UnusedNeighbour_IsForgottenWithoutAQuestion) {
  static_cast<void>(edge.route(peer, now));
  EXPECT_EQ(asked_at(now), 1u);
  edge.learn(peer.address, kPeer, now);
  EXPECT_EQ(asked_at(now + 2 * kReachableTime), 0u);
  EXPECT_EQ(edge.next_deadline(), kNever);
}

TEST_F(NetworkEdgeTest, NewLinkAddressInAnArpReply_ChangesTheRoute) {
  static_cast<void>(edge.route(peer, now));
  edge.learn(peer.address, wire::MacAddress{{2, 0, 0, 0, 0, 7}}, now);
  ASSERT_NE(edge.route(peer, now), nullptr);
  auto frame = from_hex(test::kArpRequest);  // the peer, from its new card
  EXPECT_FALSE(receive(frame));
  EXPECT_EQ(edge.route(peer, now)->link.destination, kPeer);
}

TEST_F(NetworkEdgeTest, FloodOfAskers_LeavesHalfTheTableForOurOwn) {
  for (unsigned i = 0; i < 1000; ++i) {
    auto frame = from_hex(test::kArpRequest);
    store_be<std::uint16_t>(frame.data() + 30, static_cast<std::uint16_t>(i + 16));
    EXPECT_FALSE(receive(frame));
  }
  EXPECT_EQ(edge.counters()[PortCounter::neighbours_learned], kNeighbours / 2);
  static_cast<void>(edge.route(peer, now));
  edge.learn(peer.address, kPeer, now);
  EXPECT_NE(edge.route(peer, now), nullptr);
}

TEST_F(NetworkEdgeTest, Announce_IsOneGratuitousMessageForEachAddress) {
  edge.announce(sink);
  const auto frames = sent();
  ASSERT_EQ(frames.size(), 2u);
  const auto arp = wire::decode_arp(wire::decode_ethernet(frames[0])->payload).value();
  EXPECT_EQ(arp.sender, arp.target);
  EXPECT_EQ(wire::decode_ethernet(frames[1])->header.destination.to_string(), "33:33:00:00:00:01");
}

TEST(NetworkEdgeVlan, TakesItsOwnTagInTheFrameOrStripped_AndNoOther) {
  auto tagged = config();
  tagged.marking = {.dscp = 46, .pcp = 5, .vlan = 7};
  NetworkEdge edge(tagged);
  Collector sink;
  auto untagged = from_hex(test::kUdp);
  EXPECT_FALSE(edge.receive(untagged, {}, Instant{}, sink));
  EXPECT_FALSE(edge.receive(untagged, {.stripped_vlan = 8}, Instant{}, sink));
  EXPECT_EQ(edge.counters()[PortCounter::drop_vlan], 2u);
  EXPECT_TRUE(edge.receive(untagged, {.stripped_vlan = 0xa007}, Instant{}, sink));
  auto frame = from_hex(test::kUdp);
  const auto tag = from_hex("8100a007");
  frame.insert(frame.begin() + 12, tag.begin(), tag.end());
  EXPECT_TRUE(edge.receive(frame, {}, Instant{}, sink));
  auto arp = from_hex(test::kArpRequest);
  arp.insert(arp.begin() + 12, tag.begin(), tag.end());
  EXPECT_FALSE(edge.receive(arp, {}, Instant{}, sink));
  ASSERT_EQ(sink.frames.size(), 1u);
  EXPECT_EQ(wire::decode_ethernet(sink.frames[0])->header.vlan, (wire::VlanTag{.id = 7, .pcp = 5}));
}

TEST(NetworkEdgePayload, FitsTheMtuInBothFamilies) {
  auto jumbo = config();
  jumbo.mtu = 9000;
  const NetworkEdge edge(jumbo);
  EXPECT_EQ(edge.max_payload({ip("10.9.0.1"), 1}), 8972u);
  EXPECT_EQ(edge.max_payload({ip("fd09::1"), 1}), 8952u);
}

class CountingOracle final : public NeighbourOracle {
 public:
  void ask(const IpAddress& destination) override { asked.push_back(destination); }
  std::vector<IpAddress> asked;
};

TEST(NetworkEdgeKernel, AsksTheOracleForTheDestinationItself) {
  auto kernel = config();
  kernel.routing = Routing::by_kernel;
  CountingOracle oracle;
  NetworkEdge edge(kernel, &oracle);
  Collector sink;
  const UdpEndpoint far{ip("192.0.2.1"), 4791};
  EXPECT_EQ(edge.route(far, Instant{}), nullptr);
  edge.run_timers(Instant{}, sink);
  EXPECT_TRUE(sink.frames.empty());
  EXPECT_EQ(oracle.asked, std::vector{far.address});
  edge.learn(far.address, kPeer, Instant{});
  EXPECT_NE(edge.route(far, Instant{}), nullptr);
}

TEST(PortCounters, EachHasItsOwnNameAndHelp) {
  for (std::size_t i = 0; i < kPortCounters; ++i) {
    const auto text = describe(static_cast<PortCounter>(i));
    EXPECT_FALSE(text.name.empty());
    EXPECT_GT(text.help.size(), 10u);
  }
  EXPECT_EQ(describe(PortCounter::drop_vlan).name, "drop_vlan");
}

}  // namespace
}  // namespace usbgw::dpdk
