// UDP (RFC 768; over IPv6 RFC 8200, 8.1).
//
//   0  2  source port
//   2  2  destination port
//   4  2  length, header included
//   6  2  checksum; 0: none (IPv4 only)
#pragma once

#include <cstdint>
#include <span>

#include "common/ip_address.h"
#include "wire/wire_error.h"

namespace usbgw::wire {

inline constexpr std::size_t kUdpHeaderBytes = 8;
inline constexpr std::size_t kUdpChecksumOffset = 6;

struct UdpHeader {
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  std::uint16_t checksum = 0;
};

struct UdpPacket {
  UdpHeader header;
  std::span<const std::byte> payload;
};

[[nodiscard]] WireResult<UdpPacket> decode_udp(std::span<const std::byte> packet);
// Header with checksum 0. Bytes written, or 0 when it does not fit.
[[nodiscard]] std::size_t encode_udp(const UdpHeader& header, std::size_t payload_bytes,
                                     std::span<std::byte> out);
// What belongs in the checksum field, which must hold 0 in `packet` (header and payload); never 0
// itself, which would mean "none".
[[nodiscard]] std::uint16_t udp_checksum(const IpAddress& source, const IpAddress& destination,
                                         std::span<const std::byte> packet);
// Of a received packet; `packet` ends with the UDP length. None is fine over IPv4 and not over
// IPv6.
[[nodiscard]] bool udp_checksum_ok(const IpAddress& source, const IpAddress& destination,
                                   std::span<const std::byte> packet);

}  // namespace usbgw::wire
