// Opening a USB device by where it is plugged in, for guest programs: behind a gateway the same
// vendor, product and serial number are there twice.
#pragma once

#include <libusb-1.0/libusb.h>

#include <string>

namespace usbgw::vm {

// `bus_port` as in /sys/bus/usb/devices ("3-1"). Null when there is none or it cannot be opened.
[[nodiscard]] libusb_device_handle* open_at(const std::string& bus_port);

}  // namespace usbgw::vm
