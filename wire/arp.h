// ARP for IPv4 over Ethernet (RFC 826).
//
//   0  2  hardware type 1         8  6  sender MAC
//   2  2  protocol 0x0800        14  4  sender IPv4
//   4  1  MAC length 6           18  6  target MAC
//   5  1  IPv4 length 4          24  4  target IPv4
//   6  2  1: request, 2: reply
#pragma once

#include "common/ip_address.h"
#include "wire/ethernet.h"

namespace usbgw::wire {

inline constexpr std::size_t kArpBytes = 28;

struct ArpPacket {
  bool reply = false;
  MacAddress sender_mac;
  IpAddress sender;
  MacAddress target_mac;
  IpAddress target;
};

[[nodiscard]] WireResult<ArpPacket> decode_arp(std::span<const std::byte> packet);
// Bytes written, or 0 when it does not fit.
[[nodiscard]] std::size_t encode_arp(const ArpPacket& packet, std::span<std::byte> out);

}  // namespace usbgw::wire
