// Defaults and limits of the configuration that other places name too.
#pragma once

#include <cstdint>

namespace usbgw::config {

// TCP, agent side.
inline constexpr std::uint16_t kControlPort = 7443;
// In the dynamic range (RFC 6335) and above Linux's default ip_local_port_range (32768..60999), so
// that no kernel socket on a shared address is given it by chance.
inline constexpr std::uint16_t kUdpPort = 61250;

}  // namespace usbgw::config
