// IP MTUs that a port may have, whatever carries it.
#pragma once

#include <cstddef>

namespace usbgw {

// IPv6's least (RFC 8200, section 5), of IPv4 ports too: a session counts on a payload that fits.
inline constexpr std::size_t kMinimumMtu = 1280;
inline constexpr std::size_t kMaximumMtu = 9000;  // of usual jumbo frames

}  // namespace usbgw
