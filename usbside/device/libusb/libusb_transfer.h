// One libusb transfer behind the Transfer interface. Allocated once and reused; libusb itself
// allocates at each submission (counted by nobody: it is the library's).
#pragma once

#include <memory>
#include <vector>

#include "usbside/device/usb_device.h"

struct libusb_transfer;
struct libusb_device_handle;

namespace usbgw::device {

class LibusbDevice;

class LibusbTransfer final : public Transfer {
 public:
  LibusbTransfer(LibusbDevice& device, std::size_t iso_packets);
  ~LibusbTransfer() override;

  // Fills the native transfer from the public fields.
  void load(libusb_device_handle* handle);
  // Takes the results from the native transfer.
  void store();
  [[nodiscard]] libusb_transfer* native() { return native_; }
  [[nodiscard]] LibusbDevice& device() { return device_; }

 private:
  LibusbDevice& device_;
  libusb_transfer* native_;
  std::vector<unsigned char> control_;  // setup packet and data stage: libusb wants them together
};

}  // namespace usbgw::device
