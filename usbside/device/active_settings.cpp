#include "usbside/device/active_settings.h"

#include <algorithm>

namespace usbgw::device {

ActiveSettings::ActiveSettings(const DeviceInfo& info)
    : speed_(info.speed), active_(info.active_configuration) {
  for (const auto& bytes : info.configuration_descriptors)
    if (auto parsed = wire::parse_configuration(bytes, speed_))
      configurations_.push_back(std::move(*parsed));
}

void ActiveSettings::apply(const DeviceCommand& command) {
  if (command.kind == DeviceCommand::Kind::set_configuration) {
    active_ = command.value;
    alternates_.fill(0);
  }
  if (command.kind == DeviceCommand::Kind::set_interface)
    alternates_[command.interface] = command.value;
}

std::optional<ActiveSettings::Found> ActiveSettings::find(EndpointAddress address) const {
  const auto configuration = std::find_if(configurations_.begin(), configurations_.end(),
                                          [&](const auto& c) { return c.value == active_; });
  if (configuration == configurations_.end()) return std::nullopt;
  for (const auto& setting : configuration->alternates) {
    if (alternates_[setting.interface] != setting.alternate) continue;
    for (const auto& endpoint : setting.endpoints)
      if (endpoint.address == address) return Found{&setting, &endpoint};
  }
  return std::nullopt;
}

}  // namespace usbgw::device
