// Keyboard and mouse with boot reports. Each plays a script whose events tell their own number, so
// that a reader sees what is lost, repeated or out of order:
//   keyboard, event k: key 'a' + (k / 2) % 26, pressed when k is even, released when odd
//   mouse, event k:    x moves by k % 100 + 1, y by k / 100 % 100 + 1
#pragma once

#include "usbside/device/software/descriptor_builder.h"
#include "usbside/device/software/device_options.h"
#include "usbside/device/software/function.h"
#include "usbside/device/software/paced_script.h"

namespace usbgw::device::software {

inline constexpr EndpointAddress kKeyboardIn{0x81};
inline constexpr EndpointAddress kMouseIn{0x82};

class HidFunction final : public Function {
 public:
  HidFunction(const DeviceOptions& options, const Identity& identity);

  [[nodiscard]] const Description& description() const override { return description_; }
  [[nodiscard]] Handshake control(const SetupPacket& setup, std::span<std::byte> data,
                                  Instant now) override;
  [[nodiscard]] Handshake data_in(EndpointAddress endpoint, std::span<std::byte> room,
                                  Instant now) override;
  [[nodiscard]] Instant ready_at(EndpointAddress endpoint) const override;
  [[nodiscard]] std::string statistics() const override;
  [[nodiscard]] std::string summary() const override;

 private:
  [[nodiscard]] PacedScript& script(EndpointAddress endpoint) {
    return endpoint == kKeyboardIn ? keyboard_ : mouse_;
  }
  [[nodiscard]] const PacedScript& script(EndpointAddress endpoint) const {
    return endpoint == kKeyboardIn ? keyboard_ : mouse_;
  }

  Description description_;
  PacedScript keyboard_;
  PacedScript mouse_;
  std::uint64_t reports_set_ = 0;
};

}  // namespace usbgw::device::software
