// How each port type is spelled for DPDK: driver name and arguments of its virtual device.
#pragma once

#include <string>

#include "dataplane/dpdk/port_config.h"

namespace usbgw::dpdk {

struct DeviceArguments {
  std::string bus;     // "vdev" or "pci"
  std::string driver;  // a unique number follows; for "pci" the whole device name
  std::string text;
};

// `xdp_program`: path of the program that an af_xdp port attaches; not read here.
[[nodiscard]] DeviceArguments device_arguments(const PortConfig& config,
                                               const std::string& xdp_program);

}  // namespace usbgw::dpdk
