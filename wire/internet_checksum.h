// The Internet checksum (RFC 1071) and the pseudo-headers of IPv4 (RFC 768) and IPv6 (RFC
// 8200, 8.1). Partial sums add up in any order and are folded once.
#pragma once

#include <cstdint>
#include <span>

#include "common/ip_address.h"

namespace usbgw::wire {

// One's complement sum of big-endian 16-bit words; only the last part may have an odd length.
[[nodiscard]] std::uint64_t checksum_add(std::uint64_t sum, std::span<const std::byte> bytes);
// The complement of the folded sum, as it goes into the header (host order, stored big-endian).
// Over bytes that include a correct checksum it gives 0.
[[nodiscard]] std::uint16_t checksum_finish(std::uint64_t sum);
// Both addresses are of one family; `length` is the upper layer's, header included.
[[nodiscard]] std::uint64_t pseudo_header_sum(const IpAddress& source, const IpAddress& destination,
                                              std::uint8_t protocol, std::uint32_t length);

}  // namespace usbgw::wire
