// The last check before bytes reach the kernel. vhci trusts what it is sent: a wrong count there
// disconnects the device or, on older kernels, writes outside a buffer. So every field of a
// completion is compared with what was submitted, in 64-bit arithmetic.
#pragma once

#include <cstddef>
#include <span>

#include "usbside/host/urb_ledger.h"
#include "wire/usbip.h"

namespace usbgw::host {

struct Completion {
  UrbStatus status = UrbStatus::ok;
  std::uint64_t actual = 0;
  std::span<const std::byte> data;  // IN only; isochronous: packed back to back
  std::span<const wire::usbip::IsoDescriptor> packets;
};

// Whether this answer may be written for this URB.
[[nodiscard]] bool is_allowed(const Urb& urb, const Completion& completion);

}  // namespace usbgw::host
