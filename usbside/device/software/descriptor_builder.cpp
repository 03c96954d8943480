#include "usbside/device/software/descriptor_builder.h"

#include <utility>

namespace usbgw::device::software {

DescriptorBuilder& DescriptorBuilder::add(std::initializer_list<int> fields) {
  bytes_.push_back(static_cast<std::byte>(fields.size() + 1));
  for (const int field : fields) bytes_.push_back(static_cast<std::byte>(field & 0xFF));
  return *this;
}

DescriptorBuilder& DescriptorBuilder::configuration(int interfaces) {
  has_header_ = true;
  // Bus powered, 100 mA.
  return add({2, 0, 0, interfaces, 1, 0, 0x80, 50});
}

DescriptorBuilder& DescriptorBuilder::store_length(std::size_t at, std::size_t from) {
  const std::size_t length = bytes_.size() - from;
  bytes_[at] = static_cast<std::byte>(length & 0xFF);
  bytes_[at + 1] = static_cast<std::byte>(length >> 8);
  return *this;
}

std::vector<std::byte> DescriptorBuilder::finish() {
  if (has_header_) store_length(2, 0);
  return std::move(bytes_);
}

std::vector<std::byte> device_descriptor(const Identity& identity,
                                         const DeviceClass& device_class) {
  return DescriptorBuilder()
      .add({1, low(device_class.usb), high(device_class.usb), device_class.code,
            device_class.subclass, device_class.protocol, 64, low(identity.vendor),
            high(identity.vendor), low(identity.product), high(identity.product), 0, 1, 1, 2, 3, 1})
      .finish();
}

}  // namespace usbgw::device::software
