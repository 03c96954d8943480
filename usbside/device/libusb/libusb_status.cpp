#include "usbside/device/libusb/libusb_status.h"

#include <libusb-1.0/libusb.h>

#include "usbside/device/urb_reply.h"

namespace usbgw::device {

UrbStatus status_of_transfer(int status) {
  switch (status) {
    case LIBUSB_TRANSFER_COMPLETED:
      return UrbStatus::ok;
    case LIBUSB_TRANSFER_TIMED_OUT:
      return UrbStatus::timer_expired;
    case LIBUSB_TRANSFER_CANCELLED:
      return UrbStatus::connection_reset;
    case LIBUSB_TRANSFER_STALL:
      return UrbStatus::stall;
    case LIBUSB_TRANSFER_NO_DEVICE:
      return UrbStatus::no_device;
    case LIBUSB_TRANSFER_OVERFLOW:
      return UrbStatus::overflow;
    default:
      return UrbStatus::protocol_error;
  }
}

UrbStatus status_of_packet(int status, unsigned actual_length) {
  if (status == LIBUSB_TRANSFER_ERROR && actual_length == 0) return UrbStatus::cross_device;
  return status_of_transfer(status);
}

UrbStatus status_of_submit(int error) {
  switch (error) {
    case LIBUSB_SUCCESS:
      return UrbStatus::ok;
    case LIBUSB_ERROR_NO_DEVICE:
      return UrbStatus::no_device;
    case LIBUSB_ERROR_NO_MEM:
    case LIBUSB_ERROR_IO:
      return kNoMemory;
    case LIBUSB_ERROR_NOT_FOUND:
      return UrbStatus::not_found;
    default:
      return UrbStatus::protocol_error;
  }
}

UrbStatus status_of_command(int error) {
  switch (error) {
    case LIBUSB_SUCCESS:
      return UrbStatus::ok;
    case LIBUSB_ERROR_NO_DEVICE:
      return UrbStatus::no_device;
    case LIBUSB_ERROR_BUSY:
      return kBusy;
    case LIBUSB_ERROR_TIMEOUT:
      return UrbStatus::timer_expired;
    case LIBUSB_ERROR_PIPE:
    case LIBUSB_ERROR_NOT_FOUND:
    case LIBUSB_ERROR_OTHER:
    case LIBUSB_ERROR_INVALID_PARAM:
      return UrbStatus::stall;
    default:
      return UrbStatus::protocol_error;
  }
}

}  // namespace usbgw::device
