// What vhci_hcd's sysfs files say (drivers/usb/usbip/vhci_sysfs.c). Text in, values out.
//
// nports: the number of ports of all controllers. status, status.1, ...: one controller each, a
// heading and a line for each port,
//   hub port sta spd dev      sockfd local_busid
//   hs  0000 004 000 00000000 000000 0-0
#pragma once

#include <string_view>
#include <vector>

#include "usbside/host/vhci_ports.h"

namespace usbgw::host {

inline constexpr std::size_t kMaxVhciPorts = 128 * 2 * 31;  // Kconfig: controllers, hubs, ports

// Lines that are not a port's are passed over. No port is `leaving`: the files do not know.
[[nodiscard]] std::vector<VhciPortStatus> parse_vhci_status(std::string_view text);

// The flat number that attach and detach agree on. attach picks the hub by the speed alone and the
// port by the number modulo the hub's size, so a port of the wrong hub must never be asked for.
[[nodiscard]] bool serves(const VhciPortStatus& port, Speed speed);

}  // namespace usbgw::host
