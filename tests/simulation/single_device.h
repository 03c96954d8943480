// One software device whose function the test keeps and looks at.
#pragma once

#include <memory>

#include "usbside/device/software/catalogue.h"
#include "usbside/device/software/software_device.h"

namespace usbgw::simulation {

class SingleDevice final : public device::DeviceProvider {
 public:
  explicit SingleDevice(device::software::DeviceOptions options)
      : options_(std::move(options)), function_(*device::software::make_function(options_)) {}

  // One that the catalogue does not have, under the name in `options`.
  SingleDevice(device::software::DeviceOptions options,
               std::unique_ptr<device::software::Function> function)
      : options_(std::move(options)), function_(std::move(function)) {}

  [[nodiscard]] std::vector<device::PresentDevice> list() override {
    if (is_unplugged) return {};
    return {device::software::present(options_, *function_)};
  }
  [[nodiscard]] Result<std::unique_ptr<device::UsbDevice>> open(
      const device::PresentDevice&) override {
    auto device = std::make_unique<device::software::SoftwareDevice>(*function_, options_.bus_ppm,
                                                                     "software:" + options_.name);
    newest = device.get();
    return std::unique_ptr<device::UsbDevice>(std::move(device));
  }
  template <class Kind>
  [[nodiscard]] Kind& function() {
    return dynamic_cast<Kind&>(*function_);
  }

  bool is_unplugged = false;
  device::software::SoftwareDevice* newest = nullptr;

 private:
  device::software::DeviceOptions options_;
  std::unique_ptr<device::software::Function> function_;
};

}  // namespace usbgw::simulation
