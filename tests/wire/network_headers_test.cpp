#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/byte_order.h"
#include "common/random.h"
#include "tests/hex.h"
#include "tests/wire/captured_frames.h"
#include "wire/arp.h"
#include "wire/ethernet.h"
#include "wire/icmp.h"
#include "wire/internet_checksum.h"
#include "wire/ip.h"
#include "wire/udp.h"

namespace usbgw::wire {
namespace {

using Bytes = std::vector<std::byte>;
using test::from_hex;

const MacAddress kMac1{{0x9a, 0x83, 0x9e, 0x90, 0x31, 0x54}};
const MacAddress kMac2{{0x12, 0xcf, 0x45, 0x56, 0x49, 0x42}};

IpAddress ip(std::string_view text) {
  return IpAddress::parse(text).value();
}

Bytes payload_of(const Bytes& frame) {
  const auto decoded = decode_ethernet(frame).value();
  return {decoded.payload.begin(), decoded.payload.end()};
}

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(Ethernet, FromCapture) {
  const auto frame = from_hex(test::kArpRequest);
  const auto decoded = decode_ethernet(frame);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->header.destination, kBroadcastMac);
  EXPECT_EQ(decoded->header.source, kMac1);
  EXPECT_EQ(decoded->header.ether_type, kEtherTypeArp);
  EXPECT_FALSE(decoded->header.vlan);
  EXPECT_EQ(decoded->header.source.to_string(), "9a:83:9e:90:31:54");
}

TEST(Ethernet, RoundTripsWithAndWithoutVlan) {
  for (const bool tagged : {false, true}) {
    EthernetHeader header{.destination = kMac1, .source = kMac2, .vlan = {}, .ether_type = 0x0800};
    if (tagged) header.vlan = VlanTag{.id = 4094, .pcp = 7};
    Bytes frame(header.bytes() + 3);
    ASSERT_EQ(encode_ethernet(header, frame), header.bytes());
    const auto decoded = decode_ethernet(frame).value();
    EXPECT_EQ(decoded.header.destination, header.destination);
    EXPECT_EQ(decoded.header.source, header.source);
    EXPECT_EQ(decoded.header.vlan, header.vlan);
    EXPECT_EQ(decoded.payload.size(), 3u);
    for (std::size_t size = 0; size < header.bytes(); ++size) {
      EXPECT_FALSE(decode_ethernet(std::span(frame).first(size))) << size;
      EXPECT_EQ(encode_ethernet(header, std::span(frame).first(size)), 0u);
    }
  }
}

TEST(InternetChecksum, Rfc1071Example) {
  EXPECT_EQ(checksum_finish(checksum_add(0, from_hex("0001f203f4f5f6f7"))), 0x220d);
}

TEST(InternetChecksum, EqualsTheWordByWordSumAtEverySizeAndOffset) {
  Random random(7);
  Bytes bytes(300);
  for (auto& byte : bytes) byte = static_cast<std::byte>(random.below(256));
  for (std::size_t offset = 0; offset < 9; ++offset)
    for (std::size_t size = 0; size < 200; ++size) {
      const auto part = std::span<const std::byte>(bytes).subspan(offset, size);
      std::uint64_t sum = 0;
      for (std::size_t i = 0; i < size; ++i)
        sum += std::to_integer<std::uint64_t>(part[i]) << (i % 2 == 0 ? 8 : 0);
      ASSERT_EQ(checksum_finish(checksum_add(0, part)), checksum_finish(sum))
          << offset << ' ' << size;
    }
}

TEST(Ipv4, FromCapture) {
  const auto packet = payload_of(from_hex(test::kUdp));
  const auto decoded = decode_ipv4(packet);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->header.source, ip("10.9.0.1"));
  EXPECT_EQ(decoded->header.destination, ip("10.9.0.2"));
  EXPECT_EQ(decoded->header.protocol, kProtocolUdp);
  EXPECT_EQ(decoded->header.dscp, 46);
  EXPECT_EQ(decoded->header.hop_limit, 64);
  EXPECT_TRUE(decoded->checksum_ok);
  EXPECT_FALSE(decoded->fragment);
  EXPECT_EQ(decoded->payload.size(), 19u);
}

TEST(Ipv4, PaddingBehindTheTotalLengthIsNotPayload) {
  auto packet = payload_of(from_hex(test::kUdp));
  packet.resize(packet.size() + 20);
  EXPECT_EQ(decode_ipv4(packet)->payload.size(), 19u);
}

TEST(Ipv4, ChangedHeaderBit_FailsTheChecksum) {
  const auto packet = payload_of(from_hex(test::kUdp));
  for (std::size_t bit = 8; bit < 8 * kIpv4HeaderBytes; ++bit) {
    auto changed = packet;
    changed[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
    const auto decoded = decode_ipv4(changed);
    EXPECT_FALSE(decoded && decoded->checksum_ok) << bit;
  }
}

TEST(Ipv4, FragmentsAreRecognised) {
  auto packet = payload_of(from_hex(test::kUdp));
  store_be<std::uint16_t>(packet.data() + 6, 0x2000);  // more fragments
  EXPECT_TRUE(decode_ipv4(packet)->fragment);
  store_be<std::uint16_t>(packet.data() + 6, 0x0001);  // offset 8
  EXPECT_TRUE(decode_ipv4(packet)->fragment);
}

TEST(Ipv6, FromCapture) {
  const auto packet = payload_of(from_hex(test::kUdp6));
  const auto decoded = decode_ipv6(packet);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->header.source, ip("fd09::1"));
  EXPECT_EQ(decoded->header.destination, ip("fd09::2"));
  EXPECT_EQ(decoded->header.protocol, kProtocolUdp);
  EXPECT_EQ(decoded->header.dscp, 46);
  EXPECT_EQ(decoded->payload.size(), 19u);
}

TEST(Ipv6, MappedAddressOnTheWire_IsMalformed) {
  auto packet = payload_of(from_hex(test::kUdp6));
  const auto mapped = ip("10.9.0.1").bytes();
  std::memcpy(packet.data() + 8, mapped.data(), mapped.size());
  EXPECT_EQ(decode_ipv6(packet).error(), WireError::malformed);
}

TEST(Ip, RoundTripsAndTruncationAtEveryLength) {
  for (const bool v4 : {true, false}) {
    const IpHeader header{.source = ip(v4 ? "10.0.0.1" : "fd00::1"),
                          .destination = ip(v4 ? "10.0.0.2" : "fd00::2"),
                          .protocol = kProtocolUdp,
                          .hop_limit = 255,
                          .dscp = 34};
    Bytes packet(header.bytes() + 5);
    ASSERT_EQ(encode_ip(header, 5, packet), header.bytes());
    const auto decode = v4 ? decode_ipv4 : decode_ipv6;
    const auto decoded = decode(packet).value();
    EXPECT_EQ(decoded.header.source, header.source);
    EXPECT_EQ(decoded.header.destination, header.destination);
    EXPECT_EQ(decoded.header.hop_limit, 255);
    EXPECT_EQ(decoded.header.dscp, 34);
    EXPECT_TRUE(decoded.checksum_ok);
    EXPECT_FALSE(decoded.fragment);
    for (std::size_t size = 0; size < packet.size(); ++size)
      EXPECT_FALSE(decode(std::span(packet).first(size))) << size;
    EXPECT_EQ(encode_ip(header, 65536, packet), 0u);
  }
}

TEST(Udp, FromCaptureBothFamilies) {
  for (const auto capture : {test::kUdp, test::kUdp6}) {
    const auto packet = payload_of(from_hex(capture));
    const auto outer = capture == test::kUdp ? decode_ipv4(packet) : decode_ipv6(packet);
    const auto udp = decode_udp(outer->payload);
    ASSERT_TRUE(udp);
    EXPECT_EQ(udp->header.source_port, 4791);
    EXPECT_EQ(udp->header.destination_port, 4791);
    EXPECT_EQ(text_of(udp->payload), "hello usbgw");
    EXPECT_TRUE(udp_checksum_ok(outer->header.source, outer->header.destination, outer->payload));
    // What we would have written is what the kernel wrote.
    Bytes zeroed(outer->payload.begin(), outer->payload.end());
    store_be<std::uint16_t>(zeroed.data() + kUdpChecksumOffset, 0);
    EXPECT_EQ(udp_checksum(outer->header.source, outer->header.destination, zeroed),
              udp->header.checksum);
    for (std::size_t size = 0; size < outer->payload.size(); ++size)
      EXPECT_FALSE(decode_udp(outer->payload.first(size))) << size;
  }
}

TEST(Udp, ZeroChecksumIsFineOnlyOverIpv4) {
  const auto packet = from_hex("12b712b7000a0000 abcd");
  EXPECT_TRUE(udp_checksum_ok(ip("10.9.0.1"), ip("10.9.0.2"), packet));
  EXPECT_FALSE(udp_checksum_ok(ip("fd09::1"), ip("fd09::2"), packet));
}

TEST(Udp, ChecksumIsNeverZero) {
  // A payload word chosen so that the sum folds to 0xffff, whose complement would be "none".
  auto packet = from_hex("12b712b7000a0000 0000");
  const auto open = udp_checksum(ip("10.9.0.1"), ip("10.9.0.2"), packet);
  store_be<std::uint16_t>(packet.data() + 8, open);
  EXPECT_EQ(udp_checksum(ip("10.9.0.1"), ip("10.9.0.2"), packet), 0xffff);
}

TEST(Arp, FromCaptureAndBack) {
  for (const auto capture : {test::kArpRequest, test::kArpReply}) {
    const auto packet = payload_of(from_hex(capture));
    const auto arp = decode_arp(packet);
    ASSERT_TRUE(arp);
    const bool reply = capture == test::kArpReply;
    EXPECT_EQ(arp->reply, reply);
    EXPECT_EQ(arp->sender, ip(reply ? "10.9.0.2" : "10.9.0.1"));
    EXPECT_EQ(arp->sender_mac, reply ? kMac2 : kMac1);
    EXPECT_EQ(arp->target, ip(reply ? "10.9.0.1" : "10.9.0.2"));
    Bytes again(kArpBytes);
    EXPECT_EQ(encode_arp(*arp, again), kArpBytes);
    EXPECT_EQ(again, packet);
    for (std::size_t size = 0; size < kArpBytes; ++size)
      EXPECT_FALSE(decode_arp(std::span(packet).first(size))) << size;
  }
}

TEST(Arp, OtherHardwareProtocolLengthOrOperation_IsUnknown) {
  const auto packet = payload_of(from_hex(test::kArpRequest));
  for (std::size_t at = 0; at < 8; ++at) {
    auto changed = packet;
    changed[at] ^= std::byte{0x40};
    EXPECT_EQ(decode_arp(changed).error(), WireError::unknown_type) << at;
  }
}

TEST(Icmp, EchoFromCapture) {
  for (const auto capture : {test::kPingRequest, test::kPing6Request}) {
    const bool v4 = capture == test::kPingRequest;
    const auto packet = payload_of(from_hex(capture));
    const auto outer = v4 ? decode_ipv4(packet) : decode_ipv6(packet);
    const auto message =
        decode_icmp(outer->payload, outer->header.source, outer->header.destination);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->type, v4 ? kIcmpEchoRequest : kIcmpv6EchoRequest);
    EXPECT_TRUE(message->checksum_ok);
    Bytes changed(outer->payload.begin(), outer->payload.end());
    changed.back() ^= std::byte{1};
    EXPECT_FALSE(
        decode_icmp(changed, outer->header.source, outer->header.destination)->checksum_ok);
  }
}

TEST(Neighbour, FromCaptureAndBack) {
  for (const auto capture : {test::kSolicitation, test::kAdvertisement}) {
    const bool advertisement = capture == test::kAdvertisement;
    const auto packet = payload_of(from_hex(capture));
    const auto outer = decode_ipv6(packet);
    const auto icmp = decode_icmp(outer->payload, outer->header.source, outer->header.destination);
    EXPECT_EQ(icmp->type, advertisement ? kNeighbourAdvertisement : kNeighbourSolicitation);
    EXPECT_TRUE(icmp->checksum_ok);
    const auto neighbour = decode_neighbour(advertisement, icmp->body);
    ASSERT_TRUE(neighbour);
    EXPECT_EQ(neighbour->target, ip("fd09::2"));
    EXPECT_EQ(neighbour->link_address, advertisement ? kMac2 : kMac1);
    EXPECT_EQ(neighbour->solicited, advertisement);
    EXPECT_EQ(neighbour->override_cache, advertisement);
    EXPECT_FALSE(neighbour->router);
    Bytes again(kNeighbourBytes);
    EXPECT_EQ(encode_neighbour(*neighbour, outer->header.source, outer->header.destination, again),
              kNeighbourBytes);
    EXPECT_EQ(again, Bytes(outer->payload.begin(), outer->payload.end()));
  }
}

TEST(Neighbour, DuplicateCheckWithANonce_HasNoLinkAddress) {
  const auto packet = payload_of(from_hex(test::kDuplicateCheck));
  const auto outer = decode_ipv6(packet);
  const auto icmp = decode_icmp(outer->payload, outer->header.source, outer->header.destination);
  EXPECT_TRUE(icmp->checksum_ok);
  EXPECT_FALSE(decode_neighbour(false, icmp->body)->link_address);
}

TEST(Neighbour, ZeroLengthOption_IsMalformed) {
  auto body = from_hex("00000000 fd090000000000000000000000000002 01009a839e903154");
  EXPECT_EQ(decode_neighbour(false, body).error(), WireError::malformed);
}

TEST(Neighbour, TruncationAtEveryLength) {
  const auto body = from_hex("00000000 fd090000000000000000000000000002 01019a839e903154");
  for (std::size_t size = 0; size < body.size(); ++size) {
    const auto decoded = decode_neighbour(false, std::span(body).first(size));
    EXPECT_EQ(decoded.has_value(), size == 20) << size;  // 20: no option at all
  }
}

TEST(Multicast, MapsLikeTheRfcExamples) {
  EXPECT_EQ(solicited_node_address(ip("4037::1:800:200e:8c6c")), ip("ff02::1:ff0e:8c6c"));
  EXPECT_EQ(multicast_mac(ip("ff02::1:ff0e:8c6c")).to_string(), "33:33:ff:0e:8c:6c");
}

}  // namespace
}  // namespace usbgw::wire
