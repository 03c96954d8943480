// Which configuration and alternate settings the device runs in, as far as this attachment has set
// them, and what its endpoints therefore are.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "usbside/device/usb_device.h"
#include "wire/descriptors.h"

namespace usbgw::device {

class ActiveSettings {
 public:
  // A configuration whose descriptors do not parse has no endpoints.
  explicit ActiveSettings(const DeviceInfo& info);

  // After the command has succeeded.
  void apply(const DeviceCommand& command);

  struct Found {
    const wire::AlternateSetting* setting = nullptr;
    const wire::Endpoint* endpoint = nullptr;
  };
  // The endpoint as the active alternate settings have it.
  [[nodiscard]] std::optional<Found> find(EndpointAddress address) const;
  [[nodiscard]] Speed speed() const { return speed_; }

 private:
  static constexpr std::size_t kInterfaces = 256;

  Speed speed_;
  std::uint8_t active_;
  std::vector<wire::Configuration> configurations_;
  std::array<std::uint8_t, kInterfaces> alternates_{};
};

}  // namespace usbgw::device
