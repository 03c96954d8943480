#include "app/layer_checks.h"

#include <optional>
#include <string>
#include <vector>

#include "common/ip_mtu.h"
#include "config/spelling.h"
#include "dataplane/dpdk/port_spec.h"
#include "usbside/device/software/catalogue.h"

namespace usbgw::app {
namespace {

// dataplane/dpdk knows what each port type carries.
std::optional<Fault> check_port_mtu(const config::DataplaneSection& dataplane) {
  const auto spec = dpdk::PortSpec::parse(*dataplane.port);
  if (!spec) return Fault{"port", spec.error().context};
  const dpdk::LargestMtu largest = dpdk::largest_mtu(spec->type);
  if (*dataplane.mtu >= kMinimumMtu && *dataplane.mtu <= largest.bytes) return std::nullopt;
  return Fault{"mtu", std::to_string(*dataplane.mtu) + " is not what a port of type " +
                          std::string(dpdk::to_string(spec->type)) +
                          " carries; allowed: " + std::to_string(kMinimumMtu) + " to " +
                          std::to_string(largest.bytes) + " (" + std::string(largest.reason) + ")"};
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
  if (document.second_path) {
    if (const auto fault = check_port_mtu(*document.second_path))
      problems.push_back(document.located("second_path", *fault));
  }
  for (std::size_t i = 0; i < document.exports.size(); ++i) {
    if (const auto fault = check_software(*document.exports[i].device)) {
      problems.push_back(document.located("export[" + std::to_string(i + 1) + "]", *fault));
    }
  }
  return problems;
}

}  // namespace usbgw::app
