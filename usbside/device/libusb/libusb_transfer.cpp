#include "usbside/device/libusb/libusb_transfer.h"

#include <libusb-1.0/libusb.h>

#include <algorithm>
#include <cstring>

#include "common/assertion.h"
#include "usbside/device/libusb/libusb_device_impl.h"
#include "usbside/device/libusb/libusb_status.h"

namespace usbgw::device {
namespace {

unsigned char native_type(TransferType type) {
  switch (type) {
    case TransferType::control:
      return LIBUSB_TRANSFER_TYPE_CONTROL;
    case TransferType::isochronous:
      return LIBUSB_TRANSFER_TYPE_ISOCHRONOUS;
    case TransferType::bulk:
      return LIBUSB_TRANSFER_TYPE_BULK;
    case TransferType::interrupt:
      return LIBUSB_TRANSFER_TYPE_INTERRUPT;
  }
  return LIBUSB_TRANSFER_TYPE_BULK;
}

void on_native_complete(libusb_transfer* native) {
  auto& transfer = *static_cast<LibusbTransfer*>(native->user_data);
  transfer.device().complete(transfer);
}

}  // namespace

LibusbTransfer::LibusbTransfer(LibusbDevice& device, std::size_t iso_packets)
    : device_(device), native_(libusb_alloc_transfer(static_cast<int>(iso_packets))) {
  USBGW_ASSERT(native_ != nullptr);
  packets.resize(iso_packets);
}

LibusbTransfer::~LibusbTransfer() {
  USBGW_ASSERT(!in_flight);
  libusb_free_transfer(native_);
}

void LibusbTransfer::load(libusb_device_handle* handle) {
  native_->dev_handle = handle;
  native_->endpoint = endpoint.value();
  native_->type = native_type(type);
  native_->timeout = 0;  // a driver's URB has no time limit of ours
  native_->callback = &on_native_complete;
  native_->user_data = this;
  native_->flags = zero_packet ? LIBUSB_TRANSFER_ADD_ZERO_PACKET : 0;
  native_->num_iso_packets = static_cast<int>(packets.size());
  native_->buffer = reinterpret_cast<unsigned char*>(data.data());
  native_->length = static_cast<int>(data.size());
  for (std::size_t i = 0; i < packets.size(); ++i)
    native_->iso_packet_desc[i].length = packets[i].length;
  if (type != TransferType::control) return;
  native_->endpoint = 0;
  control_.resize(LIBUSB_CONTROL_SETUP_SIZE + data.size());
  libusb_fill_control_setup(control_.data(), setup.request_type, setup.request, setup.value,
                            setup.index, setup.length);
  if (!setup.is_in() && !data.empty())
    std::memcpy(control_.data() + LIBUSB_CONTROL_SETUP_SIZE, data.data(), data.size());
  native_->buffer = control_.data();
  native_->length = static_cast<int>(control_.size());
}

void LibusbTransfer::store() {
  status = status_of_transfer(native_->status);
  actual = static_cast<std::size_t>(std::max(native_->actual_length, 0));
  for (std::size_t i = 0; i < packets.size(); ++i) {
    const auto& packet = native_->iso_packet_desc[i];
    packets[i].actual = packet.actual_length;
    packets[i].status = status_of_packet(static_cast<int>(packet.status), packet.actual_length);
  }
  if (type == TransferType::control && setup.is_in() && actual > 0)
    std::memcpy(data.data(), control_.data() + LIBUSB_CONTROL_SETUP_SIZE,
                std::min(actual, data.size()));
}

}  // namespace usbgw::device
