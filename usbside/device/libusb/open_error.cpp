#include "usbside/device/libusb/open_error.h"

#include <libusb-1.0/libusb.h>

#include <cstdio>

#include "usbside/device/libusb/usb_selector.h"

namespace usbgw::device {

std::string device_node(const BusAddress& at) {
  char path[32];
  std::snprintf(path, sizeof path, "/dev/bus/usb/%03u/%03u", unsigned{at.bus},
                unsigned{at.address});
  return path;
}

Error open_error(int error, const BusAddress& at, const DeviceInfo& info) {
  const std::string name =
      "USB device " + usb_id(info.vendor_id, info.product_id, info.serial) + " at " + info.location;
  switch (error) {
    case LIBUSB_ERROR_ACCESS:
      return {ErrorCode::refused,
              name + ": no permission for " + device_node(at) +
                  "; install deploy/udev/70-usbgw.rules and join the group usbgw, or run as root"};
    case LIBUSB_ERROR_NO_DEVICE:
    case LIBUSB_ERROR_NOT_FOUND:
      return {ErrorCode::not_found, name + ": it has been unplugged"};
    case LIBUSB_ERROR_BUSY:
      return {ErrorCode::busy, name + ": another process keeps it open"};
    default:
      return {ErrorCode::io,
              name + ": cannot open " + device_node(at) + ": " + libusb_error_name(error)};
  }
}

}  // namespace usbgw::device
