// Why a device could not be opened, in one line that says what to do.
#pragma once

#include "common/result.h"
#include "usbside/device/libusb/libusb_device.h"

namespace usbgw::device {

// "/dev/bus/usb/001/004".
[[nodiscard]] std::string device_node(const BusAddress& at);
// `error`: of libusb_open().
[[nodiscard]] Error open_error(int error, const BusAddress& at, const DeviceInfo& info);

}  // namespace usbgw::device
