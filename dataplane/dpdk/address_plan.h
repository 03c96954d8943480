// Which IP addresses are ours, and through which neighbour and from which of them a destination is
// reached. Fixed after start.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "common/ip_address.h"

namespace usbgw::dpdk {

enum class Routing : std::uint8_t {
  by_networks,  // on-link networks, else the family's gateway
  by_kernel,    // the kernel routes: every destination names its own next hop (af_xdp)
};

class AddressPlan {
 public:
  AddressPlan(std::vector<IpNetwork> networks, std::vector<IpAddress> gateways, Routing routing);

  [[nodiscard]] bool owns(const IpAddress& address) const;
  // True for IPv6's all-nodes address and the solicited-node addresses of ours (RFC 4291, 2.7.1).
  [[nodiscard]] bool listens_to(const IpAddress& multicast) const;
  [[nodiscard]] std::optional<IpAddress> next_hop(const IpAddress& destination) const;
  // Ours on the link that leads there; nothing when we have no address of that family.
  [[nodiscard]] std::optional<IpAddress> source_for(const IpAddress& destination) const;
  [[nodiscard]] std::span<const IpNetwork> networks() const { return networks_; }

 private:
  [[nodiscard]] const IpNetwork* network_of(const IpAddress& address) const;

  std::vector<IpNetwork> networks_;
  std::vector<IpAddress> gateways_;
  Routing routing_;
};

}  // namespace usbgw::dpdk
