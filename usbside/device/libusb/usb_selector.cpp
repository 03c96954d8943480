#include "usbside/device/libusb/usb_selector.h"

#include <charconv>
#include <cstdio>

namespace usbgw::device {
namespace {

std::optional<std::uint16_t> hexadecimal(std::string_view digits) {
  if (digits.empty() || digits.size() > 4) return std::nullopt;
  std::uint16_t value = 0;
  const auto end = digits.data() + digits.size();
  const auto result = std::from_chars(digits.data(), end, value, 16);
  if (result.ec != std::errc{} || result.ptr != end) return std::nullopt;
  return value;
}

}  // namespace

std::optional<UsbSelector> UsbSelector::parse(std::string_view text) {
  const auto first = text.find(':');
  if (first == std::string_view::npos) return std::nullopt;
  const auto second = text.find(':', first + 1);
  const auto vendor = hexadecimal(text.substr(0, first));
  const auto product = hexadecimal(
      text.substr(first + 1, second == std::string_view::npos ? second : second - first - 1));
  if (!vendor || !product) return std::nullopt;
  UsbSelector selector{*vendor, *product, std::nullopt};
  if (second != std::string_view::npos) selector.serial = std::string(text.substr(second + 1));
  return selector;
}

bool UsbSelector::matches(const PresentDevice& device) const {
  return device.vendor_id == vendor_id && device.product_id == product_id &&
         (!serial || *serial == device.serial);
}

std::string usb_id(std::uint16_t vendor_id, std::uint16_t product_id, std::string_view serial) {
  char text[16];
  std::snprintf(text, sizeof text, "%04x:%04x", unsigned{vendor_id}, unsigned{product_id});
  std::string id = text;
  if (!serial.empty()) id.append(":").append(serial);
  return id;
}

}  // namespace usbgw::device
