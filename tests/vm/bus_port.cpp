#include "tests/vm/bus_port.h"

namespace usbgw::vm {

libusb_device_handle* open_at(const std::string& bus_port) {
  libusb_device** list = nullptr;
  const ssize_t count = libusb_get_device_list(nullptr, &list);
  libusb_device_handle* handle = nullptr;
  for (ssize_t i = 0; i < count && handle == nullptr; ++i) {
    const std::string name = std::to_string(libusb_get_bus_number(list[i])) + "-" +
                             std::to_string(libusb_get_port_number(list[i]));
    if (name == bus_port && libusb_open(list[i], &handle) != 0) {
      handle = nullptr;
    }
  }
  if (count >= 0) {
    libusb_free_device_list(list, 1);
  }
  return handle;
}

}  // namespace usbgw::vm
