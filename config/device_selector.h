// Which device an export, an attachment or a rule means.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/quantity.h"

namespace usbgw::config {

struct DeviceSelector {
  std::string software;  // "uac2" of "software:uac2"; empty: a device on the bus
  std::optional<std::uint16_t> vendor;
  std::optional<std::uint16_t> product;
  std::optional<std::string> serial;

  [[nodiscard]] bool is_software() const { return !software.empty(); }
  // A part that the selector leaves open matches anything. Never true for a software selector.
  [[nodiscard]] bool matches(std::uint16_t device_vendor, std::uint16_t device_product,
                             std::string_view device_serial) const;
  // Whether some device can match both.
  [[nodiscard]] bool overlaps(const DeviceSelector& other) const;
  [[nodiscard]] std::string to_string() const;
  bool operator==(const DeviceSelector&) const = default;
};

// "1209:a101", "1209:a101:SERIAL", "software:uac2".
[[nodiscard]] Parsed<DeviceSelector> parse_device(std::string_view text);
// The same, and "*", "1209:*" and "software:*" for rules.
[[nodiscard]] Parsed<DeviceSelector> parse_device_pattern(std::string_view text);

}  // namespace usbgw::config
