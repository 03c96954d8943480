#include "usbside/device/software/video_function.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/byte_order.h"

namespace usbgw::device::software {

VideoFunction::VideoFunction(const Identity& identity) {
  description_.speed = Speed::high;
  description_.manufacturer = identity.manufacturer;
  description_.product = identity.product_name;
  description_.serial = identity.serial;
  description_.device = device_descriptor(identity, {0x0200, 0xFF, 0, 0});
  // Asynchronous isochronous, 1024 bytes and two additional transactions, every microframe.
  description_.configuration = DescriptorBuilder()
                                   .configuration(1)
                                   .add({4, 0, 0, 0, 0xFF, 0, 0, 0})
                                   .add({4, 0, 1, 1, 0xFF, 0, 0, 0})
                                   .add({5, kVideoIn.value(), 0x05, 0x00, 0x14, 1})
                                   .finish();
}

void VideoFunction::iso_start(EndpointAddress, ServiceInterval interval) {
  began_ = interval.index;
  pending_ = 0;
}

std::size_t VideoFunction::iso_in(EndpointAddress, std::span<std::byte> room,
                                  ServiceInterval interval) {
  starved_ += std::exchange(pending_, 0);
  ++packets_;
  const auto number = static_cast<std::uint64_t>(interval.index - began_);
  std::array<std::byte, 8> head{};
  store_le<std::uint64_t>(head.data(), number);
  const std::size_t count = std::min(room.size(), kVideoPacket);
  std::copy_n(head.begin(), std::min(head.size(), count), room.begin());
  for (std::size_t i = head.size(); i < count; ++i) {
    room[i] = static_cast<std::byte>(number + i);
  }
  return count;
}

std::string VideoFunction::statistics() const {
  const nlohmann::ordered_json json = {
      {"device", description_.product}, {"packets", packets_}, {"starved", starved_}};
  return json.dump();
}

std::string VideoFunction::summary() const {
  return std::to_string(packets_) + " packets, " + std::to_string(starved_) + " starved";
}

}  // namespace usbgw::device::software
