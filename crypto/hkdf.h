// HKDF with SHA-256 (RFC 5869). Set-up time only.
#pragma once

#include <cstddef>
#include <span>

namespace usbgw::crypto {

inline constexpr std::size_t kMaxHkdfOutput = 255 * 32;  // RFC 5869, 2.3

// Extract and expand; fills all of `output` (at most kMaxHkdfOutput). `salt` and `info` may be
// empty.
void hkdf_sha256(std::span<const std::byte> secret, std::span<const std::byte> salt,
                 std::span<const std::byte> info, std::span<std::byte> output);

}  // namespace usbgw::crypto
