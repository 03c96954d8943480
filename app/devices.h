// Where an agent's devices come from: software devices by name, and the machine's USB bus when an
// export asks for one of its devices.
#pragma once

#include <memory>

#include "common/log.h"
#include "common/timeline.h"
#include "config/document.h"
#include "usbside/device/device_provider.h"

namespace usbgw::app {

// `clock` stamps completions and outlives the devices.
[[nodiscard]] Result<std::unique_ptr<device::DeviceProvider>> make_devices(
    const config::Document& document, const Clock& clock, Log& log);

}  // namespace usbgw::app
