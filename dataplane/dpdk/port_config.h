// Everything that one port needs, as app/ fills it from the configuration.
#pragma once

#include <vector>

#include "common/ip_address.h"
#include "dataplane/dpdk/port_spec.h"
#include "qos/traffic_class.h"

namespace usbgw::dpdk {

struct PortConfig {
  PortSpec spec;
  std::vector<IpNetwork> networks;  // ours; at least one (af_xdp: as the kernel has them)
  std::vector<IpAddress> gateways;  // at most one for each family, on-link
  std::uint16_t udp_port = 0;
  std::size_t mtu = 1500;    // IP MTU
  qos::Marking marking;      // of all traffic
  bool bypass_qdisc = true;  // af_packet: skip the kernel's queueing disciplines (tc, netem)
};

// What can be said without touching the machine; the error names the key.
[[nodiscard]] Result<void> validate(const PortConfig& config);

}  // namespace usbgw::dpdk
