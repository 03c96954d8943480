// Names of USB devices as people and configurations write them: vid:pid[:serial], hexadecimal.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "usbside/device/device_provider.h"

namespace usbgw::device {

struct UsbSelector {
  std::uint16_t vendor_id = 0;
  std::uint16_t product_id = 0;
  std::optional<std::string> serial;

  // One to four digits each; a serial may contain anything, colons too.
  [[nodiscard]] static std::optional<UsbSelector> parse(std::string_view text);
  [[nodiscard]] bool matches(const PresentDevice& device) const;
};

// "1209:a102" or "1209:a102:0001".
[[nodiscard]] std::string usb_id(std::uint16_t vendor_id, std::uint16_t product_id,
                                 std::string_view serial);

}  // namespace usbgw::device
