// The standard control requests that change what the host side must know (USB 2.0, 9.4).
#pragma once

#include <cstdint>

#include "common/usb.h"

namespace usbgw::host {

struct StandardRequest {
  enum class Kind : std::uint8_t { none, set_configuration, set_interface, clear_halt };
  Kind kind = Kind::none;
  std::uint8_t interface = 0;
  std::uint8_t value = 0;  // configuration value or alternate setting
  EndpointAddress endpoint;

  [[nodiscard]] static constexpr StandardRequest of(const SetupPacket& setup) {
    constexpr std::uint8_t kClearFeature = 1, kSetConfiguration = 9, kSetInterface = 11;
    const auto low_value = static_cast<std::uint8_t>(setup.value & 0xFF);
    const auto low_index = static_cast<std::uint8_t>(setup.index & 0xFF);
    if (setup.request_type == 0x00 && setup.request == kSetConfiguration) {
      return {Kind::set_configuration, 0, low_value, {}};
    }
    if (setup.request_type == 0x01 && setup.request == kSetInterface) {
      return {Kind::set_interface, low_index, low_value, {}};
    }
    if (setup.request_type == 0x02 && setup.request == kClearFeature && setup.value == 0) {
      return {Kind::clear_halt, 0, 0, EndpointAddress(low_index)};
    }
    return {};
  }
};

}  // namespace usbgw::host
