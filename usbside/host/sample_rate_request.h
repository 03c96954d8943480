// What the host side learns of an audio device's sample rate from its driver's control requests.
#pragma once

#include <cstdint>
#include <span>

#include "common/byte_order.h"
#include "common/usb.h"

namespace usbgw::host {

// The requests by which drivers tell an audio device its sample rate, or ask one whose rate is
// fixed: CUR of the sampling frequency control of an endpoint (Audio 1.0, 5.2.3.2.3.1) or of a
// clock source (Audio 2.0, 5.2.5.1.1).
struct SampleRateRequest {
  enum class Kind : std::uint8_t { none, endpoint, clock };
  Kind kind = Kind::none;
  EndpointAddress endpoint;
  std::uint32_t hertz = 0;

  // `data`: what the driver wrote, or what the device answered.
  [[nodiscard]] static SampleRateRequest of(const SetupPacket& setup,
                                            std::span<const std::byte> data) {
    constexpr std::uint16_t kFrequency = 0x0100;
    if (setup.value != kFrequency) return {};
    if (is_of_endpoint(setup) && data.size() == 3) {
      const std::uint32_t hertz =
          load_le<std::uint16_t>(data.data()) | std::to_integer<std::uint32_t>(data[2]) << 16;
      return {Kind::endpoint, EndpointAddress(static_cast<std::uint8_t>(setup.index & 0xFF)),
              hertz};
    }
    if (is_of_clock(setup) && data.size() == 4) {
      return {Kind::clock, {}, load_le<std::uint32_t>(data.data())};
    }
    return {};
  }

 private:
  // SET_CUR and GET_CUR are two requests in Audio 1.0, one with a direction in Audio 2.0.
  static bool is_of_endpoint(const SetupPacket& setup) {
    return (setup.request_type == 0x22 && setup.request == 0x01) ||
           (setup.request_type == 0xA2 && setup.request == 0x81);
  }
  static bool is_of_clock(const SetupPacket& setup) {
    return (setup.request_type == 0x21 || setup.request_type == 0xA1) && setup.request == 0x01;
  }
};

}  // namespace usbgw::host
