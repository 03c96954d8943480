#include "dataplane/dpdk/port_config.h"

#include <algorithm>

#include "common/ip_mtu.h"

namespace usbgw::dpdk {
namespace {

constexpr std::uint16_t kLargestVlan = 4094;
constexpr std::uint8_t kLargestDscp = 63;
constexpr std::uint8_t kLargestPcp = 7;

tl::unexpected<Error> refuse(const PortConfig& config, const std::string& why) {
  return fail(ErrorCode::invalid_argument, "port " + config.spec.to_string() + ": " + why);
}

Result<void> validate_mtu(const PortConfig& config) {
  const auto largest = largest_mtu(config.spec.type);
  if (config.mtu >= kMinimumMtu && config.mtu <= largest.bytes) return {};
  return refuse(config, "mtu = " + std::to_string(config.mtu) + " is not possible: " +
                            std::string(to_string(config.spec.type)) + " ports carry " +
                            std::to_string(kMinimumMtu) + " to " + std::to_string(largest.bytes) +
                            " (" + std::string(largest.reason) + ")");
}

Result<void> validate_addresses(const PortConfig& config) {
  if (config.networks.empty())
    return refuse(config, "address is missing: give at least one, like \"10.0.0.2/24\"");
  for (const auto& network : config.networks)
    if (network.address.is_unspecified() || network.prefix == 0)
      return refuse(config, "address \"" + network.to_string() + "\" is not a host's address");
  for (const auto& gateway : config.gateways) {
    const bool on_link =
        std::any_of(config.networks.begin(), config.networks.end(), [&](const IpNetwork& network) {
          return network.address.is_v4() == gateway.is_v4() && network.contains(gateway);
        });
    if (!on_link)
      return refuse(config, "gateway " + gateway.to_string() + " is in none of our networks");
  }
  return {};
}

Result<void> validate_marking(const PortConfig& config) {
  const auto& marking = config.marking;
  if (marking.dscp > kLargestDscp) return refuse(config, "dscp goes from 0 to 63");
  if (marking.pcp > kLargestPcp) return refuse(config, "pcp goes from 0 to 7");
  if (marking.vlan > kLargestVlan) return refuse(config, "vlan goes from 1 to 4094, 0 for none");
  if (marking.pcp != 0 && marking.vlan == 0)
    return refuse(config, "pcp needs a vlan: the priority travels in the VLAN tag");
  if (marking.vlan != 0 && config.spec.type == PortType::af_xdp)
    return refuse(config, "vlan is the kernel's on an af_xdp port: leave it out here");
  return {};
}

}  // namespace

Result<void> validate(const PortConfig& config) {
  if (config.udp_port == 0) return refuse(config, "udp_port is missing");
  if (auto mtu = validate_mtu(config); !mtu) return mtu;
  if (auto addresses = validate_addresses(config); !addresses) return addresses;
  return validate_marking(config);
}

}  // namespace usbgw::dpdk
