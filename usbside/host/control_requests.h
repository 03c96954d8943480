// The control requests that change what the host side must know: standard ones (USB 2.0, 9.4), and
// an audio device's sample rate.
#pragma once

#include <cstdint>
#include <span>

#include "common/byte_order.h"
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

// The requests by which drivers tell an audio device its sample rate: SET_CUR of the sampling
// frequency control of an endpoint (Audio 1.0, 5.2.3.2.3.1), CUR of a clock source (Audio 2.0,
// 5.2.5.1.1).
struct SampleRateRequest {
  enum class Kind : std::uint8_t { none, endpoint, clock };
  Kind kind = Kind::none;
  EndpointAddress endpoint;
  std::uint32_t hertz = 0;

  [[nodiscard]] static SampleRateRequest of(const SetupPacket& setup,
                                            std::span<const std::byte> data) {
    constexpr std::uint8_t kSetCur = 1;
    constexpr std::uint16_t kFrequency = 0x0100;
    if (setup.request != kSetCur || setup.value != kFrequency) return {};
    if (setup.request_type == 0x22 && data.size() == 3) {
      const std::uint32_t hertz =
          load_le<std::uint16_t>(data.data()) | std::to_integer<std::uint32_t>(data[2]) << 16;
      return {Kind::endpoint, EndpointAddress(static_cast<std::uint8_t>(setup.index & 0xFF)),
              hertz};
    }
    if (setup.request_type == 0x21 && data.size() == 4) {
      return {Kind::clock, {}, load_le<std::uint32_t>(data.data())};
    }
    return {};
  }
};

}  // namespace usbgw::host
