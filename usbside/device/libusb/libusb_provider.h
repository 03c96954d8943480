// The USB devices of this machine: list, hotplug, open. Control thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/result.h"
#include "common/timeline.h"
#include "usbside/device/device_provider.h"

namespace usbgw::device {

class LibusbProvider : public DeviceProvider {
 public:
  // Something was plugged or unplugged since the last call. Where libusb has no hotplug it says yes
  // each time, and the caller's own pace of asking is the poll.
  [[nodiscard]] virtual bool has_changed() = 0;
  // By vid:pid[:serial]. not_found names what is there; a selector that fits several devices is
  // refused.
  [[nodiscard]] virtual Result<std::unique_ptr<UsbDevice>> open(std::string_view selector) = 0;
  using DeviceProvider::open;
};

// `clock` stamps completions; it outlives the provider and its devices.
[[nodiscard]] Result<std::unique_ptr<LibusbProvider>> make_libusb_provider(const Clock& clock);

}  // namespace usbgw::device
