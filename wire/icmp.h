// ICMP echo (RFC 792), ICMPv6 echo (RFC 4443) and neighbour discovery (RFC 4861, 4.3 and 4.4).
//
//   0  1  type                       neighbour solicitation and advertisement go on with
//   1  1  code                          4  4  flags: R, S, O (advertisement), else 0
//   2  2  checksum (ICMPv6: with        8 16  target
//          the pseudo-header)          24  n  options: type, length in units of 8 bytes, value
//   4  n  body; echo: id, number, data       (1: source, 2: target link-layer address)
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "common/ip_address.h"
#include "wire/ethernet.h"

namespace usbgw::wire {

inline constexpr std::size_t kIcmpHeaderBytes = 4;
inline constexpr std::size_t kNeighbourBytes = 32;  // with one link-layer address option
inline constexpr std::uint8_t kIcmpEchoReply = 0;
inline constexpr std::uint8_t kIcmpEchoRequest = 8;
inline constexpr std::uint8_t kIcmpv6EchoRequest = 128;
inline constexpr std::uint8_t kIcmpv6EchoReply = 129;
inline constexpr std::uint8_t kNeighbourSolicitation = 135;
inline constexpr std::uint8_t kNeighbourAdvertisement = 136;

struct IcmpMessage {
  std::uint8_t type = 0;
  std::uint8_t code = 0;
  std::span<const std::byte> body;  // behind the checksum
  bool checksum_ok = false;
};

// The addresses matter only for ICMPv6, whose checksum covers them.
[[nodiscard]] WireResult<IcmpMessage> decode_icmp(std::span<const std::byte> message,
                                                  const IpAddress& source,
                                                  const IpAddress& destination);
// Writes type, code 0 and the checksum in front of a body that stands already in
// message[kIcmpHeaderBytes...].
void finish_icmp(std::span<std::byte> message, std::uint8_t type, const IpAddress& source,
                 const IpAddress& destination);

struct NeighbourMessage {
  bool advertisement = false;
  bool router = false;
  bool solicited = false;
  bool override_cache = false;
  IpAddress target;
  std::optional<MacAddress> link_address;
};

// `body` as IcmpMessage gives it for types 135 and 136.
[[nodiscard]] WireResult<NeighbourMessage> decode_neighbour(bool advertisement,
                                                            std::span<const std::byte> body);
// A whole ICMPv6 message, checksum included; bytes written, or 0 when it does not fit.
[[nodiscard]] std::size_t encode_neighbour(const NeighbourMessage& message, const IpAddress& source,
                                           const IpAddress& destination, std::span<std::byte> out);

// RFC 4291, 2.7.1 and RFC 2464, 7.
[[nodiscard]] IpAddress all_nodes_address();  // ff02::1
[[nodiscard]] IpAddress solicited_node_address(const IpAddress& address);
[[nodiscard]] MacAddress multicast_mac(const IpAddress& address);

}  // namespace usbgw::wire
