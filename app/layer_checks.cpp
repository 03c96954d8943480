#include "app/layer_checks.h"

#include <optional>
#include <string>
#include <vector>

#include "config/spelling.h"
#include "usbside/device/software/catalogue.h"

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

// usbside/device knows which software devices there are.
std::optional<Fault> check_software(const config::DeviceSelector& device) {
  if (!device.is_software()) return std::nullopt;
  std::vector<std::string_view> names;
  for (const auto& known : device::software::device_names()) {
    if (known.name == device.software) return std::nullopt;
    names.push_back(known.name);
  }
  return Fault{"device", config::unknown("no software device is called \"" + device.software + "\"",
                                         device.software, names)};
}

}  // namespace

config::Problems check_layers(const config::Document& document) {
  config::Problems problems;
  if (const auto fault = check_port_mtu(document.dataplane)) {
    problems.push_back(document.located("dataplane", *fault));
  }
  for (std::size_t i = 0; i < document.exports.size(); ++i) {
    if (const auto fault = check_software(*document.exports[i].device)) {
      problems.push_back(document.located("export[" + std::to_string(i + 1) + "]", *fault));
    }
  }
  return problems;
}

}  // namespace usbgw::app
