// The one device of an agent: a function that somebody else keeps.
#pragma once

#include <memory>

#include "usbside/device/software/catalogue.h"
#include "usbside/device/software/software_device.h"

namespace usbgw::simulation {

class OneDevice final : public device::DeviceProvider {
 public:
  // `function` outlives the provider.
  OneDevice(device::software::DeviceOptions options, device::software::Function& function)
      : options_(std::move(options)), function_(function) {}
  [[nodiscard]] std::vector<device::PresentDevice> list() override {
    return {device::software::present(options_, function_)};
  }
  [[nodiscard]] Result<std::unique_ptr<device::UsbDevice>> open(
      const device::PresentDevice&) override {
    return std::unique_ptr<device::UsbDevice>(std::make_unique<device::software::SoftwareDevice>(
        function_, options_.bus_ppm, "software:" + options_.name));
  }

 private:
  device::software::DeviceOptions options_;
  device::software::Function& function_;
};

}  // namespace usbgw::simulation
