// IPv4 (RFC 791) and IPv6 (RFC 8200) headers, as far as an edge that speaks only UDP, ICMP and NDP
// needs them: no options or extension headers are written, IPv4 options are skipped on receipt.
//
// IPv4                                     IPv6
//   0  1  version 4, header words            0  4  version 6, traffic class (8), flow label (20)
//   1  1  DSCP (6), ECN (2)                  4  2  payload length
//   2  2  total length                       6  1  next header
//   4  2  identification                     7  1  hop limit
//   6  2  DF, MF, fragment offset            8 16  source
//   8  1  time to live                      24 16  destination
//   9  1  protocol
//  10  2  header checksum
//  12  4  source
//  16  4  destination
#pragma once

#include <cstdint>
#include <span>

#include "common/ip_address.h"
#include "wire/wire_error.h"

namespace usbgw::wire {

inline constexpr std::size_t kIpv4HeaderBytes = 20;
inline constexpr std::size_t kIpv6HeaderBytes = 40;
inline constexpr std::uint8_t kProtocolIcmp = 1;
inline constexpr std::uint8_t kProtocolUdp = 17;
inline constexpr std::uint8_t kProtocolIcmpv6 = 58;

struct IpHeader {
  IpAddress source;
  IpAddress destination;
  std::uint8_t protocol = 0;
  std::uint8_t hop_limit = 64;
  std::uint8_t dscp = 0;
  [[nodiscard]] std::size_t bytes() const {
    return destination.is_v4() ? kIpv4HeaderBytes : kIpv6HeaderBytes;
  }
};

struct IpPacket {
  IpHeader header;
  std::span<const std::byte> payload;  // ends where the header says, not where the frame does
  bool fragment = false;
  bool checksum_ok = true;  // IPv6 has none
};

[[nodiscard]] WireResult<IpPacket> decode_ipv4(std::span<const std::byte> packet);
[[nodiscard]] WireResult<IpPacket> decode_ipv6(std::span<const std::byte> packet);
// The header for a payload of that many bytes: DF set, identification 0 (an atomic datagram,
// RFC 6864, 4.1), IPv4 checksum in place. Bytes written, or 0 when it does not fit.
[[nodiscard]] std::size_t encode_ip(const IpHeader& header, std::size_t payload_bytes,
                                    std::span<std::byte> out);

}  // namespace usbgw::wire
