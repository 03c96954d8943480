#include "wire/icmp.h"

#include <cstring>

#include "common/byte_reader.h"
#include "wire/internet_checksum.h"
#include "wire/ip.h"

namespace usbgw::wire {
namespace {

constexpr std::uint8_t kSourceLinkAddress = 1;
constexpr std::uint8_t kTargetLinkAddress = 2;
constexpr std::uint32_t kRouterFlag = 1u << 31;
constexpr std::uint32_t kSolicitedFlag = 1u << 30;
constexpr std::uint32_t kOverrideFlag = 1u << 29;
constexpr std::size_t kOptionUnit = 8;

std::uint64_t sum_of(std::span<const std::byte> message, const IpAddress& source,
                     const IpAddress& destination) {
  if (source.is_v4()) return checksum_add(0, message);
  const auto length = static_cast<std::uint32_t>(message.size());
  return checksum_add(pseudo_header_sum(source, destination, kProtocolIcmpv6, length), message);
}

// The option walk ends at the first malformed option: RFC 4861 (7.1.1) drops a message with a
// zero-length one.
WireResult<std::optional<MacAddress>> find_link_address(ByteReader options, std::uint8_t wanted) {
  std::optional<MacAddress> found;
  while (!options.rest().empty()) {
    const auto type = options.read<std::uint8_t>();
    const std::size_t bytes = options.read<std::uint8_t>() * kOptionUnit;
    if (!options.ok() || bytes == 0) return tl::unexpected(WireError::malformed);
    const auto value = options.take(bytes - 2);
    if (!options.ok()) return tl::unexpected(WireError::truncated);
    if (type != wanted || found) continue;
    found.emplace();
    std::memcpy(found->bytes.data(), value.data(), found->bytes.size());
  }
  return found;
}

}  // namespace

WireResult<IcmpMessage> decode_icmp(std::span<const std::byte> message, const IpAddress& source,
                                    const IpAddress& destination) {
  const auto reader = HeaderReader<kIcmpHeaderBytes>::over(message);
  if (!reader) return tl::unexpected(WireError::truncated);
  return IcmpMessage{.type = reader->load<std::uint8_t, 0>(),
                     .code = reader->load<std::uint8_t, 1>(),
                     .body = reader->rest(),
                     .checksum_ok = checksum_finish(sum_of(message, source, destination)) == 0};
}

void finish_icmp(std::span<std::byte> message, std::uint8_t type, const IpAddress& source,
                 const IpAddress& destination) {
  store_be<std::uint32_t>(message.data(), static_cast<std::uint32_t>(type) << 24);
  store_be<std::uint16_t>(message.data() + 2,
                          checksum_finish(sum_of(message, source, destination)));
}

WireResult<NeighbourMessage> decode_neighbour(bool advertisement, std::span<const std::byte> body) {
  ByteReader reader(body);
  const auto flags = reader.read<std::uint32_t>();
  const auto target = reader.take(16);
  if (!reader.ok()) return tl::unexpected(WireError::truncated);
  std::array<std::uint8_t, 16> bytes{};
  std::memcpy(bytes.data(), target.data(), bytes.size());
  const auto option = advertisement ? kTargetLinkAddress : kSourceLinkAddress;
  const auto link_address = find_link_address(reader, option);
  if (!link_address) return tl::unexpected(link_address.error());
  return NeighbourMessage{.advertisement = advertisement,
                          .router = advertisement && (flags & kRouterFlag) != 0,
                          .solicited = advertisement && (flags & kSolicitedFlag) != 0,
                          .override_cache = advertisement && (flags & kOverrideFlag) != 0,
                          .target = IpAddress(bytes),
                          .link_address = *link_address};
}

std::size_t encode_neighbour(const NeighbourMessage& message, const IpAddress& source,
                             const IpAddress& destination, std::span<std::byte> out) {
  ByteWriter writer(out);
  writer.write<std::uint32_t>(0);  // type, code, checksum: finish_icmp()
  writer.write<std::uint32_t>((message.router ? kRouterFlag : 0) |
                              (message.solicited ? kSolicitedFlag : 0) |
                              (message.override_cache ? kOverrideFlag : 0));
  writer.append(std::as_bytes(std::span(message.target.bytes())));
  if (message.link_address) {
    writer.write<std::uint8_t>(message.advertisement ? kTargetLinkAddress : kSourceLinkAddress);
    writer.write<std::uint8_t>(1);  // one unit of 8 bytes
    writer.append(std::as_bytes(std::span(message.link_address->bytes)));
  }
  if (!writer.ok()) return 0;
  finish_icmp(writer.written(),
              message.advertisement ? kNeighbourAdvertisement : kNeighbourSolicitation, source,
              destination);
  return writer.used();
}

IpAddress all_nodes_address() {
  return IpAddress({0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01});
}

IpAddress solicited_node_address(const IpAddress& address) {
  std::array<std::uint8_t, 16> bytes{0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01, 0xff};
  for (std::size_t i = 13; i < 16; ++i) bytes[i] = address.bytes()[i];
  return IpAddress(bytes);
}

MacAddress multicast_mac(const IpAddress& address) {
  const auto& bytes = address.bytes();
  return {{0x33, 0x33, bytes[12], bytes[13], bytes[14], bytes[15]}};
}

}  // namespace usbgw::wire
