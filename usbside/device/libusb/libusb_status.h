// libusb's error and status codes in our terms. usbside/device/libusb/ is the only folder that
// knows libusb; it is thin, and its decisions are here and in the files beside it.
#pragma once

#include "common/usb.h"

namespace usbgw::device {

// -EBUSY: what a claim answers when another process or driver keeps the interface.
inline constexpr UrbStatus kBusy = UrbStatus{-16};

// enum libusb_transfer_status of a whole transfer.
[[nodiscard]] UrbStatus status_of_transfer(int status);
// Of one isochronous packet. libusb folds -EXDEV into ERROR; without data it is that.
[[nodiscard]] UrbStatus status_of_packet(int status, unsigned actual_length);
// enum libusb_error of libusb_submit_transfer. Over usbfs_memory_mb libusb 1.0.26 says IO.
[[nodiscard]] UrbStatus status_of_submit(int error);
// enum libusb_error of the blocking calls. What the kernel passes on as OTHER or NOT_FOUND is the
// device's refusal, a stall to the driver.
[[nodiscard]] UrbStatus status_of_command(int error);

}  // namespace usbgw::device
