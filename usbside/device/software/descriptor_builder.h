// Descriptors as lists of numbers, with the lengths filled in.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

namespace usbgw::device::software {

// What stays the same in every software device, and what an operator may override.
struct Identity {
  std::uint16_t vendor = 0x1209;  // pid.codes
  std::uint16_t product = 0;
  std::string_view manufacturer = "usbgw";
  std::string_view product_name;
  std::string_view serial = "0001";
};

class DescriptorBuilder {
 public:
  // One descriptor without its bLength: {bDescriptorType, ...}.
  DescriptorBuilder& add(std::initializer_list<int> fields);
  // A configuration header with wTotalLength to be filled by finish().
  DescriptorBuilder& configuration(int interfaces);
  // Total length of the descriptors added since `from`, stored there as 16 bits.
  DescriptorBuilder& store_length(std::size_t at, std::size_t from);
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] std::vector<std::byte> finish();

 private:
  std::vector<std::byte> bytes_;
  bool has_header_ = false;
};

struct DeviceClass {
  int usb = 0x0200;  // bcdUSB
  int code = 0;
  int subclass = 0;
  int protocol = 0;
};

[[nodiscard]] std::vector<std::byte> device_descriptor(const Identity& identity,
                                                       const DeviceClass& device_class);

constexpr int low(int value) {
  return value & 0xFF;
}
constexpr int high(int value) {
  return value >> 8 & 0xFF;
}

}  // namespace usbgw::device::software
