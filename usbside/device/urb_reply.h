// One URB of the host on its way through the device, and how its answer is made.
#pragma once

#include <memory>
#include <vector>

#include "usbside/device/usb_device.h"
#include "wire/urb_message.h"

namespace usbgw::device {

// -ENOMEM: what a driver sees when the system below it cannot take another URB.
inline constexpr UrbStatus kNoMemory = UrbStatus{-12};

struct PendingUrb {
  wire::UrbSubmit request;
  std::unique_ptr<Transfer> transfer;  // held while at the device
  std::vector<std::byte> room;         // IN data
  bool is_in = false;
  bool is_done = false;
  bool is_cancelled = false;
  UrbStatus status = UrbStatus::ok;
  std::uint32_t actual = 0;

  // Gives the transfer what the request asks for.
  void load(TransferOwner& owner);
  // Takes the transfer's results: a cancelled URB that was wholly done is ok, and a short read is
  // an error where the driver said so.
  void finish();
  // Ends without the device.
  void finish(UrbStatus without_transfer);
  // Cancelled, and holds no bytes that a later URB's could overtake.
  [[nodiscard]] bool may_overtake() const {
    return is_done && actual == 0 && (is_cancelled || status == UrbStatus::connection_reset);
  }
  [[nodiscard]] wire::UrbReply take_reply();
};

struct StreamContext;

[[nodiscard]] wire::UrbReply refusal(const wire::UrbSubmit& request, UrbStatus status);
// Answers it so, and counts.
void refuse(const wire::UrbSubmit& request, UrbStatus status, StreamContext& context);

}  // namespace usbgw::device
