#include "usbside/device/device_provider.h"

#include <algorithm>

#include "wire/descriptors.h"

namespace usbgw::device {

std::vector<std::uint8_t> interface_classes(std::span<const std::vector<std::byte>> configurations,
                                            Speed speed) {
  std::vector<std::uint8_t> classes;
  for (const auto& bytes : configurations) {
    const auto configuration = wire::parse_configuration(bytes, speed);
    if (!configuration) continue;
    for (const auto& setting : configuration->alternates) {
      if (std::find(classes.begin(), classes.end(), setting.interface_class) == classes.end())
        classes.push_back(setting.interface_class);
    }
  }
  return classes;
}

}  // namespace usbgw::device
