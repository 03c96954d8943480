// The usbfs nodes of plugged-in devices that the configuration exports, without opening any.
#pragma once

#include <string>
#include <vector>

#include "config/document.h"

namespace usbgw::app {

struct DeviceNode {
  std::string device;  // as the export names it
  std::string path;    // "/dev/bus/usb/001/004"
};

// `root` is put before /sys and the paths; empty on a real machine.
[[nodiscard]] std::vector<DeviceNode> exported_nodes(const config::Document& document,
                                                     const std::string& root = {});

}  // namespace usbgw::app
