#include "usbside/device/device_counters.h"

namespace usbgw::device {

CounterText describe(DeviceCounter counter) {
  static constexpr CounterText kTexts[] = {
#define USBGW_X(name, help) {#name, help},
      USBGW_DEVICE_COUNTERS(USBGW_X)
#undef USBGW_X
  };
  return kTexts[static_cast<std::size_t>(counter)];
}

}  // namespace usbgw::device
