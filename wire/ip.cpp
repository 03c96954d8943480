#include "wire/ip.h"

#include <cstring>

#include "common/byte_reader.h"
#include "wire/internet_checksum.h"

namespace usbgw::wire {
namespace {

constexpr std::uint16_t kDontFragment = 0x4000;
constexpr std::uint16_t kMoreFragmentsOrOffset = 0x3fff;
constexpr std::uint8_t kIpv6FragmentHeader = 44;  // RFC 8200, 4.5

IpAddress load_v6(std::span<const std::byte> field) {
  std::array<std::uint8_t, 16> bytes{};
  std::memcpy(bytes.data(), field.data(), bytes.size());
  return IpAddress(bytes);
}

std::size_t encode_ipv4(const IpHeader& header, std::size_t payload_bytes,
                        std::span<std::byte> out) {
  auto writer = HeaderWriter<kIpv4HeaderBytes>::over(out);
  const std::size_t total = kIpv4HeaderBytes + payload_bytes;
  if (!writer || total > 0xffff) return 0;
  writer->store<std::uint8_t, 0>(0x45);
  writer->store<std::uint8_t, 1>(static_cast<std::uint8_t>(header.dscp << 2));
  writer->store<std::uint16_t, 2>(static_cast<std::uint16_t>(total));
  writer->store<std::uint16_t, 4>(0);
  writer->store<std::uint16_t, 6>(kDontFragment);
  writer->store<std::uint8_t, 8>(header.hop_limit);
  writer->store<std::uint8_t, 9>(header.protocol);
  writer->store<std::uint16_t, 10>(0);
  writer->store<std::uint32_t, 12>(header.source.v4_host_order());
  writer->store<std::uint32_t, 16>(header.destination.v4_host_order());
  writer->store<std::uint16_t, 10>(checksum_finish(checksum_add(0, out.first(kIpv4HeaderBytes))));
  return kIpv4HeaderBytes;
}

std::size_t encode_ipv6(const IpHeader& header, std::size_t payload_bytes,
                        std::span<std::byte> out) {
  auto writer = HeaderWriter<kIpv6HeaderBytes>::over(out);
  if (!writer || payload_bytes > 0xffff) return 0;
  writer->store<std::uint32_t, 0>(6u << 28 | static_cast<std::uint32_t>(header.dscp) << 22);
  writer->store<std::uint16_t, 4>(static_cast<std::uint16_t>(payload_bytes));
  writer->store<std::uint8_t, 6>(header.protocol);
  writer->store<std::uint8_t, 7>(header.hop_limit);
  std::memcpy(out.data() + 8, header.source.bytes().data(), 16);
  std::memcpy(out.data() + 24, header.destination.bytes().data(), 16);
  return kIpv6HeaderBytes;
}

}  // namespace

WireResult<IpPacket> decode_ipv4(std::span<const std::byte> packet) {
  const auto reader = HeaderReader<kIpv4HeaderBytes>::over(packet);
  if (!reader) return tl::unexpected(WireError::truncated);
  const auto version_and_words = reader->load<std::uint8_t, 0>();
  const std::size_t header_bytes = (version_and_words & 0x0fu) * 4u;
  const std::size_t total = reader->load<std::uint16_t, 2>();
  if (version_and_words >> 4 != 4 || header_bytes < kIpv4HeaderBytes || total < header_bytes)
    return tl::unexpected(WireError::malformed);
  if (total > packet.size()) return tl::unexpected(WireError::truncated);
  IpPacket decoded;
  decoded.header.dscp = static_cast<std::uint8_t>(reader->load<std::uint8_t, 1>() >> 2);
  decoded.header.hop_limit = reader->load<std::uint8_t, 8>();
  decoded.header.protocol = reader->load<std::uint8_t, 9>();
  decoded.header.source = IpAddress::v4(reader->load<std::uint32_t, 12>());
  decoded.header.destination = IpAddress::v4(reader->load<std::uint32_t, 16>());
  decoded.fragment = (reader->load<std::uint16_t, 6>() & kMoreFragmentsOrOffset) != 0;
  decoded.checksum_ok = checksum_finish(checksum_add(0, packet.first(header_bytes))) == 0;
  decoded.payload = packet.subspan(header_bytes, total - header_bytes);
  return decoded;
}

WireResult<IpPacket> decode_ipv6(std::span<const std::byte> packet) {
  const auto reader = HeaderReader<kIpv6HeaderBytes>::over(packet);
  if (!reader) return tl::unexpected(WireError::truncated);
  const auto first = reader->load<std::uint32_t, 0>();
  if (first >> 28 != 6) return tl::unexpected(WireError::malformed);
  const std::size_t payload_bytes = reader->load<std::uint16_t, 4>();
  if (payload_bytes > reader->rest().size()) return tl::unexpected(WireError::truncated);
  IpPacket decoded;
  decoded.header.dscp = static_cast<std::uint8_t>(first >> 22 & 0x3f);
  decoded.header.protocol = reader->load<std::uint8_t, 6>();
  decoded.header.hop_limit = reader->load<std::uint8_t, 7>();
  decoded.header.source = load_v6(packet.subspan(8, 16));
  decoded.header.destination = load_v6(packet.subspan(24, 16));
  decoded.fragment = decoded.header.protocol == kIpv6FragmentHeader;
  // An IPv4-mapped address must not appear on the wire: it
  // would pass for IPv4 inside (RFC 4291, 2.5.5.2 gives the form to hosts, not to packets).
  if (decoded.header.source.is_v4() || decoded.header.destination.is_v4())
    return tl::unexpected(WireError::malformed);
  decoded.payload = reader->rest().first(payload_bytes);
  return decoded;
}

std::size_t encode_ip(const IpHeader& header, std::size_t payload_bytes, std::span<std::byte> out) {
  return header.destination.is_v4() ? encode_ipv4(header, payload_bytes, out)
                                    : encode_ipv6(header, payload_bytes, out);
}

}  // namespace usbgw::wire
