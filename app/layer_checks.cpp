#include "app/layer_checks.h"

#include <optional>
#include <string>

namespace usbgw::app {
namespace {

// On veth and most drivers the XDP program needs the frame in one page; larger interfaces refuse it
// (docs/deployment; measured on Linux 6.1).
constexpr int kAfXdpMtu = 3498;

std::optional<Fault> check_port_mtu(const config::DataplaneSection& dataplane) {
  if (!dataplane.port->starts_with("af_xdp:") || *dataplane.mtu <= kAfXdpMtu) return std::nullopt;
  return Fault{"mtu", std::to_string(*dataplane.mtu) +
                          " is more than an af_xdp port carries; allowed: up to " +
                          std::to_string(kAfXdpMtu)};
}

}  // namespace

config::Problems check_layers(const config::Document& document) {
  config::Problems problems;
  if (const auto fault = check_port_mtu(document.dataplane)) {
    problems.push_back(document.located("dataplane", *fault));
  }
  return problems;
}

}  // namespace usbgw::app
