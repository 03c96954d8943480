#include "wire/arp.h"

#include <cstring>

#include "common/byte_reader.h"

namespace usbgw::wire {
namespace {

// Hardware type 1, protocol 0x0800, lengths 6 and 4.
constexpr std::uint64_t kEthernetAndIpv4 = 0x0001'0800'0604;
constexpr std::uint16_t kRequest = 1;
constexpr std::uint16_t kReply = 2;

MacAddress load_mac(const std::byte* from) {
  MacAddress mac;
  std::memcpy(mac.bytes.data(), from, mac.bytes.size());
  return mac;
}

}  // namespace

WireResult<ArpPacket> decode_arp(std::span<const std::byte> packet) {
  const auto reader = HeaderReader<kArpBytes>::over(packet);
  if (!reader) return tl::unexpected(WireError::truncated);
  if (reader->load<std::uint64_t, 0>() >> 16 != kEthernetAndIpv4)
    return tl::unexpected(WireError::unknown_type);
  const auto operation = reader->load<std::uint16_t, 6>();
  if (operation != kRequest && operation != kReply) return tl::unexpected(WireError::unknown_type);
  return ArpPacket{.reply = operation == kReply,
                   .sender_mac = load_mac(packet.data() + 8),
                   .sender = IpAddress::v4(reader->load<std::uint32_t, 14>()),
                   .target_mac = load_mac(packet.data() + 18),
                   .target = IpAddress::v4(reader->load<std::uint32_t, 24>())};
}

std::size_t encode_arp(const ArpPacket& packet, std::span<std::byte> out) {
  ByteWriter writer(out);
  writer.write<std::uint32_t>(kEthernetAndIpv4 >> 16);
  writer.write<std::uint16_t>(kEthernetAndIpv4 & 0xffff);
  writer.write<std::uint16_t>(packet.reply ? kReply : kRequest);
  writer.append(std::as_bytes(std::span(packet.sender_mac.bytes)));
  writer.write<std::uint32_t>(packet.sender.v4_host_order());
  writer.append(std::as_bytes(std::span(packet.target_mac.bytes)));
  writer.write<std::uint32_t>(packet.target.v4_host_order());
  return writer.ok() ? writer.used() : 0;
}

}  // namespace usbgw::wire
