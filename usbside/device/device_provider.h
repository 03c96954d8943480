// Where the agent finds devices: the machine's USB bus (usbside/device/libusb/) and software
// devices. Control thread; calls may take milliseconds.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/result.h"
#include "usbside/device/usb_device.h"

namespace usbgw::device {

struct PresentDevice {
  std::string id;  // stable: vid:pid[:serial] in lower-case hex, or software:NAME
  std::uint16_t vendor_id = 0;
  std::uint16_t product_id = 0;
  std::string serial;
  std::string manufacturer;
  std::string product;
  std::string location;
  Speed speed = Speed::full;
  std::vector<std::uint8_t> interface_classes;
};

// bInterfaceClass of every interface of every configuration (whole descriptors), each once; what
// does not parse adds nothing.
[[nodiscard]] std::vector<std::uint8_t> interface_classes(
    std::span<const std::vector<std::byte>> configurations, Speed speed);

class DeviceProvider {
 public:
  virtual ~DeviceProvider() = default;
  [[nodiscard]] virtual std::vector<PresentDevice> list() = 0;
  // Opens without claiming. Errors name the device and say what to do: not_found, refused (rights),
  // busy.
  [[nodiscard]] virtual Result<std::unique_ptr<UsbDevice>> open(const PresentDevice& device) = 0;
};

}  // namespace usbgw::device
