// The software devices by name.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "usbside/device/software/device_options.h"
#include "usbside/device/software/function.h"

namespace usbgw::device::software {

struct DeviceName {
  std::string_view name;
  std::string_view what;  // one line for help texts
};
[[nodiscard]] const std::vector<DeviceName>& device_names();

// Errors name the option and what is allowed.
[[nodiscard]] Result<std::unique_ptr<Function>> make_function(const DeviceOptions& options);

// "drop@5", "repeat@0.5", "out:alter@2": kind, seconds after the stream's begin; IN if not said.
[[nodiscard]] Result<SampleFault> parse_fault(std::string_view text);

}  // namespace usbgw::device::software
