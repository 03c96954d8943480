// A device of this machine's USB bus, through libusb, in a context of its own.
#pragma once

#include <memory>

#include "common/result.h"
#include "usbside/device/usb_device.h"

struct libusb_context;
struct libusb_device_handle;

namespace usbgw::device {

// Where the kernel put a device: /dev/bus/usb/BUS/ADDRESS.
struct BusAddress {
  std::uint8_t bus = 0;
  std::uint8_t address = 0;
};

// Opens, without claiming. `info` is complete but for active_configuration; `clock` stamps
// completions and outlives the device. Control thread; takes milliseconds.
[[nodiscard]] Result<std::unique_ptr<UsbDevice>> open_libusb_device(const BusAddress& at,
                                                                    DeviceInfo info,
                                                                    const Clock& clock);

}  // namespace usbgw::device
