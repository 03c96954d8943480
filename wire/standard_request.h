// The standard requests that change what both sides must know of a device, and that the agent must
// make as calls, never as raw transfers (USB 2.0, 9.4; as drivers/usb/usbip/stub_rx.c tells them).
#pragma once

#include <cstdint>

#include "common/usb.h"

namespace usbgw::wire {

struct StandardRequest {
  enum class Kind : std::uint8_t {
    none,  // anything else
    set_configuration,
    set_interface,
    clear_halt,
    reset,  // SET_FEATURE(PORT_RESET) on the device's port
  };
  Kind kind = Kind::none;
  std::uint8_t interface = 0;
  std::uint8_t value = 0;    // configuration value or alternate setting
  EndpointAddress endpoint;  // clear_halt; never the default pipe

  [[nodiscard]] static constexpr StandardRequest of(const SetupPacket& setup) {
    // bmRequestType and bRequest, table 9-4; features, tables 9-6 and 11-17.
    constexpr std::uint8_t kToDevice = 0x00, kToInterface = 0x01, kToEndpoint = 0x02,
                           kToPort = 0x23;
    constexpr std::uint8_t kClearFeature = 1, kSetFeature = 3, kSetConfiguration = 9,
                           kSetInterface = 11;
    constexpr std::uint16_t kEndpointHalt = 0, kPortReset = 4;
    if (setup.length != 0) return {};
    const auto low_value = static_cast<std::uint8_t>(setup.value & 0xFF);
    const auto low_index = static_cast<std::uint8_t>(setup.index & 0xFF);
    const auto is = [&](std::uint8_t type, std::uint8_t request) {
      return setup.request_type == type && setup.request == request;
    };
    if (is(kToDevice, kSetConfiguration)) return {Kind::set_configuration, 0, low_value, {}};
    if (is(kToInterface, kSetInterface)) return {Kind::set_interface, low_index, low_value, {}};
    if (is(kToEndpoint, kClearFeature) && setup.value == kEndpointHalt && (low_index & 0x0F) != 0) {
      return {Kind::clear_halt, 0, 0, EndpointAddress(static_cast<std::uint8_t>(low_index & 0x8F))};
    }
    if (is(kToPort, kSetFeature) && setup.value == kPortReset) return {Kind::reset, 0, 0, {}};
    return {};
  }
};

}  // namespace usbgw::wire
