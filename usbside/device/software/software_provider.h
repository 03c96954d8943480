// The software devices of the configuration, as the agent finds them. Control thread.
#pragma once

#include <utility>
#include <vector>

#include "usbside/device/device_provider.h"
#include "usbside/device/software/device_options.h"

namespace usbgw::device::software {

class SoftwareProvider final : public DeviceProvider {
 public:
  explicit SoftwareProvider(std::vector<DeviceOptions> devices) : devices_(std::move(devices)) {}

  // Ids are "software:NAME"; one whose options are impossible is left out (open() says why).
  [[nodiscard]] std::vector<PresentDevice> list() override;
  [[nodiscard]] Result<std::unique_ptr<UsbDevice>> open(const PresentDevice& device) override;

 private:
  std::vector<DeviceOptions> devices_;
};

}  // namespace usbgw::device::software
