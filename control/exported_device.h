// A device as the control side knows it: what the directory lists and what access rules judge.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/usb.h"

namespace usbgw::control {

struct ExportedDevice {
  std::string id;  // vid:pid[:serial] in lower-case hexadecimal, or software:NAME
  std::uint16_t vendor_id = 0;
  std::uint16_t product_id = 0;
  std::string serial;
  std::string manufacturer;
  std::string product;
  Speed speed = Speed::full;
  std::vector<std::uint8_t> interface_classes;  // bInterfaceClass of every interface there is
  std::string policy = "exclusive";
  bool present = false;
};

}  // namespace usbgw::control
