// Ethernet II with at most one 802.1Q tag.
//
//   0  6  destination          IEEE 802.3
//   6  6  source
//  12  2  ether type, or 0x8100 and then
//  14  2    PCP (3 bits), DEI (1), VLAN id (12)     IEEE 802.1Q
//  16  2    ether type
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "wire/wire_error.h"

namespace usbgw::wire {

inline constexpr std::size_t kEthernetHeaderBytes = 14;
inline constexpr std::size_t kVlanTagBytes = 4;
inline constexpr std::size_t kMinimumFrameBytes = 60;  // without the frame check sequence

inline constexpr std::uint16_t kEtherTypeIpv4 = 0x0800;
inline constexpr std::uint16_t kEtherTypeArp = 0x0806;
inline constexpr std::uint16_t kEtherTypeVlan = 0x8100;
inline constexpr std::uint16_t kEtherTypeIpv6 = 0x86dd;

struct MacAddress {
  std::array<std::uint8_t, 6> bytes{};
  [[nodiscard]] bool is_multicast() const { return (bytes[0] & 1) != 0; }
  [[nodiscard]] bool is_zero() const { return *this == MacAddress{}; }
  [[nodiscard]] std::string to_string() const;
  auto operator<=>(const MacAddress&) const = default;
};
inline constexpr MacAddress kBroadcastMac{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

struct VlanTag {
  std::uint16_t id = 0;  // 1..4094; 0: priority tag only
  std::uint8_t pcp = 0;  // 0..7
  auto operator<=>(const VlanTag&) const = default;
};

// The 16 bits after 0x8100; DEI is ignored and sent as 0.
[[nodiscard]] VlanTag decode_vlan_tag(std::uint16_t control);
[[nodiscard]] std::uint16_t encode_vlan_tag(VlanTag tag);

struct EthernetHeader {
  MacAddress destination;
  MacAddress source;
  std::optional<VlanTag> vlan;
  std::uint16_t ether_type = 0;
  [[nodiscard]] std::size_t bytes() const {
    return kEthernetHeaderBytes + (vlan ? kVlanTagBytes : 0);
  }
};

struct EthernetFrame {
  EthernetHeader header;
  std::span<const std::byte> payload;
};

[[nodiscard]] WireResult<EthernetFrame> decode_ethernet(std::span<const std::byte> frame);
// Bytes written, or 0 when `out` is too small.
[[nodiscard]] std::size_t encode_ethernet(const EthernetHeader& header, std::span<std::byte> out);

}  // namespace usbgw::wire
