// `usbgw softdevice NAME`: a software device in a process of its own, plugged into this machine's
// vhci_hcd.
#pragma once

#include <string>

#include "common/result.h"
#include "common/timeline.h"
#include "usbside/device/software/device_options.h"

namespace usbgw::app {

struct SoftdeviceOptions {
  device::software::DeviceOptions device;
  unsigned vhci_port = 0;
  std::string statistics_file;  // JSON, on SIGUSR1 and at the end; empty: none
  Duration run_for{};           // 0: until it is detached or told to end
  // SCHED_FIFO where the process may; 0: none. A device's hardware does not wait for programs.
  int fifo_priority = 55;
  Duration wake_grid{};  // put wake-ups off to multiples of this; 0: exact
};

// Prints one line when the device is plugged in and a summary at the end. Ends at detach, SIGTERM,
// SIGINT or after run_for, with 0; a device that cannot be plugged in is an error.
[[nodiscard]] Result<int> run_softdevice(const SoftdeviceOptions& options);

}  // namespace usbgw::app
