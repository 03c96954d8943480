#include "config/device_selector.h"

#include <array>
#include <charconv>
#include <cstdio>

namespace usbgw::config {
namespace {

constexpr std::string_view kSoftware = "software:";

std::optional<std::uint16_t> parse_id(std::string_view text) {
  std::uint16_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id, 16);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  if (text.size() != 4 || !whole) return std::nullopt;
  return id;
}

std::string hexadecimal(std::uint16_t id) {
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "%04x", id);
  return text.data();
}

std::optional<DeviceSelector> parse_ids(std::string_view text) {
  const std::size_t first = text.find(':');
  if (first == std::string_view::npos) return std::nullopt;
  const std::size_t second = text.find(':', first + 1);
  DeviceSelector device;
  device.vendor = parse_id(text.substr(0, first));
  device.product = parse_id(text.substr(first + 1, second - first - 1));
  if (second != std::string_view::npos) device.serial = std::string(text.substr(second + 1));
  if (!device.vendor || !device.product || (device.serial && device.serial->empty())) {
    return std::nullopt;
  }
  return device;
}

tl::unexpected<std::string> refuse(std::string_view text, std::string_view allowed) {
  return tl::unexpected<std::string>("\"" + std::string(text) +
                                     "\" is not a device; allowed: " + std::string(allowed));
}

template <class T>
bool may_equal(const std::optional<T>& a, const std::optional<T>& b) {
  return !a || !b || *a == *b;
}

}  // namespace

bool DeviceSelector::matches(std::uint16_t device_vendor, std::uint16_t device_product,
                             std::string_view device_serial) const {
  return !is_software() && (!vendor || *vendor == device_vendor) &&
         (!product || *product == device_product) && (!serial || *serial == device_serial);
}

bool DeviceSelector::overlaps(const DeviceSelector& other) const {
  const bool both_any = to_string() == "*" || other.to_string() == "*";
  if (both_any) return true;
  if (is_software() || other.is_software()) {
    const bool wildcard = software == "*" || other.software == "*";
    return is_software() && other.is_software() && (wildcard || software == other.software);
  }
  return may_equal(vendor, other.vendor) && may_equal(product, other.product) &&
         may_equal(serial, other.serial);
}

std::string DeviceSelector::to_string() const {
  if (is_software()) return std::string(kSoftware) + software;
  if (!vendor) return "*";
  std::string text = hexadecimal(*vendor) + ":" + (product ? hexadecimal(*product) : "*");
  if (serial) text += ":" + *serial;
  return text;
}

Parsed<DeviceSelector> parse_device(std::string_view text) {
  constexpr std::string_view kAllowed =
      "\"VID:PID\" or \"VID:PID:SERIAL\" with four hexadecimal digits each, as in \"1209:a101\", "
      "or "
      "\"software:NAME\"";
  if (text.starts_with(kSoftware)) {
    const std::string_view name = text.substr(kSoftware.size());
    if (name.empty() || name.find_first_of(" *:") != std::string_view::npos) {
      return refuse(text, kAllowed);
    }
    DeviceSelector device;
    device.software = name;
    return device;
  }
  if (auto device = parse_ids(text)) return *std::move(device);
  return refuse(text, kAllowed);
}

Parsed<DeviceSelector> parse_device_pattern(std::string_view text) {
  DeviceSelector device;
  if (text == "*") return device;
  if (text == "software:*") {
    device.software = "*";
    return device;
  }
  if (text.ends_with(":*")) {
    device.vendor = parse_id(text.substr(0, text.size() - 2));
    if (device.vendor) return device;
  }
  if (auto parsed = parse_device(text)) return parsed;
  return refuse(text,
                "\"VID:PID\", \"VID:PID:SERIAL\", \"VID:*\", \"software:NAME\", \"software:*\" or "
                "\"*\"");
}

}  // namespace usbgw::config
