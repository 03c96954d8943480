// Plugs a software device into a port of this machine's vhci_hcd, so that the kernel presents it as
// a physical one.
#pragma once

#include "common/result.h"
#include "common/usb.h"

namespace usbgw::device::software {

// Our end of the socket pair. Closing it unplugs the device; the kernel closing its end (detach)
// shows as end of file. Errors are one line that says what to do.
[[nodiscard]] Result<int> plug_into_vhci(unsigned port, Speed speed);

}  // namespace usbgw::device::software
