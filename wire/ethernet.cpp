#include "wire/ethernet.h"

#include <cstdio>
#include <cstring>

#include "common/byte_reader.h"

namespace usbgw::wire {
namespace {

MacAddress read_mac(ByteReader& reader) {
  MacAddress mac;
  const auto field = reader.take(mac.bytes.size());
  if (!field.empty()) std::memcpy(mac.bytes.data(), field.data(), field.size());
  return mac;
}

}  // namespace

std::string MacAddress::to_string() const {
  char text[18];
  std::snprintf(text, sizeof text, "%02x:%02x:%02x:%02x:%02x:%02x", bytes[0], bytes[1], bytes[2],
                bytes[3], bytes[4], bytes[5]);
  return text;
}

VlanTag decode_vlan_tag(std::uint16_t control) {
  return {.id = static_cast<std::uint16_t>(control & 0x0fff),
          .pcp = static_cast<std::uint8_t>(control >> 13)};
}

std::uint16_t encode_vlan_tag(VlanTag tag) {
  return static_cast<std::uint16_t>((tag.pcp & 7u) << 13 | (tag.id & 0x0fffu));
}

WireResult<EthernetFrame> decode_ethernet(std::span<const std::byte> frame) {
  ByteReader reader(frame);
  EthernetFrame decoded;
  decoded.header.destination = read_mac(reader);
  decoded.header.source = read_mac(reader);
  decoded.header.ether_type = reader.read<std::uint16_t>();
  if (decoded.header.ether_type == kEtherTypeVlan) {
    decoded.header.vlan = decode_vlan_tag(reader.read<std::uint16_t>());
    decoded.header.ether_type = reader.read<std::uint16_t>();
  }
  if (!reader.ok()) return tl::unexpected(WireError::truncated);
  decoded.payload = reader.rest();
  return decoded;
}

std::size_t encode_ethernet(const EthernetHeader& header, std::span<std::byte> out) {
  ByteWriter writer(out);
  writer.append(std::as_bytes(std::span(header.destination.bytes)));
  writer.append(std::as_bytes(std::span(header.source.bytes)));
  if (header.vlan) {
    writer.write<std::uint16_t>(kEtherTypeVlan);
    writer.write<std::uint16_t>(encode_vlan_tag(*header.vlan));
  }
  writer.write<std::uint16_t>(header.ether_type);
  return writer.ok() ? writer.used() : 0;
}

}  // namespace usbgw::wire
