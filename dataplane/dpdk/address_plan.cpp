#include "dataplane/dpdk/address_plan.h"

#include <algorithm>

#include "wire/icmp.h"

namespace usbgw::dpdk {

AddressPlan::AddressPlan(std::vector<IpNetwork> networks, std::vector<IpAddress> gateways,
                         Routing routing)
    : networks_(std::move(networks)), gateways_(std::move(gateways)), routing_(routing) {}

bool AddressPlan::owns(const IpAddress& address) const {
  return std::any_of(networks_.begin(), networks_.end(),
                     [&](const IpNetwork& network) { return network.address == address; });
}

bool AddressPlan::listens_to(const IpAddress& multicast) const {
  if (multicast == wire::all_nodes_address()) return true;
  return std::any_of(networks_.begin(), networks_.end(), [&](const IpNetwork& network) {
    return !network.address.is_v4() && wire::solicited_node_address(network.address) == multicast;
  });
}

const IpNetwork* AddressPlan::network_of(const IpAddress& address) const {
  for (const auto& network : networks_)
    if (network.address.is_v4() == address.is_v4() && network.contains(address)) return &network;
  return nullptr;
}

std::optional<IpAddress> AddressPlan::next_hop(const IpAddress& destination) const {
  if (routing_ == Routing::by_kernel || network_of(destination) != nullptr) return destination;
  for (const auto& gateway : gateways_)
    if (gateway.is_v4() == destination.is_v4()) return gateway;
  return std::nullopt;
}

std::optional<IpAddress> AddressPlan::source_for(const IpAddress& destination) const {
  const auto hop = next_hop(destination);
  if (!hop) return std::nullopt;
  if (const auto* network = network_of(*hop)) return network->address;
  for (const auto& network : networks_)
    if (network.address.is_v4() == destination.is_v4()) return network.address;
  return std::nullopt;
}

}  // namespace usbgw::dpdk
