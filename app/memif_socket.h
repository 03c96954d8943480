// The socket that a memif server makes, and that its client connects to.
#pragma once

#include <string>

namespace usbgw::app {

// Of `port = "memif:SOCKET,server"`; empty for any other port.
[[nodiscard]] std::string memif_server_socket(const std::string& port);

// One that a process left which was killed, or which could not remove it: nobody listens there, but
// DPDK would not replace it. Anything else stays.
void remove_stale_memif_socket(const std::string& path);

}  // namespace usbgw::app
