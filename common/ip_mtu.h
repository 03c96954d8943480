// IP MTUs that a port may have, whatever carries it.
#pragma once

#include <cstddef>

namespace usbgw {

// IPv6's least (RFC 8200, section 5), of IPv4 ports too: a session counts on a payload that fits.
inline constexpr std::size_t kMinimumMtu = 1280;
inline constexpr std::size_t kMaximumMtu = 9000;  // of usual jumbo frames

// Least bound that may be put on the packets of one device: below it they are headers mostly.
inline constexpr std::size_t kLeastPacketBytes = 256;

// The largest UDP payload of an IP packet (RFC 791, 8200, 768).
[[nodiscard]] constexpr std::size_t udp_payload(std::size_t packet, bool is_v4) {
  const std::size_t headers = (is_v4 ? 20u : 40u) + 8u;
  return packet > headers ? packet - headers : 0;
}

// The least that such a bound leaves of a datagram.
inline constexpr std::size_t kLeastBoundedPayload = udp_payload(kLeastPacketBytes, false);

}  // namespace usbgw
