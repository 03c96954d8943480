#include "usbside/device/software/standard_requests.h"

#include <algorithm>
#include <array>

#include "usbside/device/software/descriptor_builder.h"
#include "usbside/device/software/endpoint_table.h"

namespace usbgw::device::software {
namespace {

constexpr std::uint8_t kGetStatus = 0;
constexpr std::uint8_t kGetDescriptor = 6;
constexpr std::uint8_t kGetConfiguration = 8;
constexpr std::uint8_t kGetInterface = 10;

enum DescriptorType : std::uint8_t {
  kDevice = 1,
  kConfiguration = 2,
  kString = 3,
  kDeviceQualifier = 6
};

std::vector<std::byte> string_descriptor(std::string_view text) {
  std::vector<std::byte> bytes{std::byte(2 + 2 * text.size()), std::byte{kString}};
  for (const char c : text) {
    bytes.push_back(static_cast<std::byte>(c));
    bytes.push_back(std::byte{0});
  }
  return bytes;
}

Handshake give(std::span<const std::byte> bytes, std::span<std::byte> room) {
  const std::size_t count = std::min(bytes.size(), room.size());
  std::copy_n(bytes.begin(), count, room.begin());
  return Handshake::ack(count);
}

}  // namespace

StandardRequests::StandardRequests(const Description& description)
    : description_(description), alternates_(count_interfaces(description.configuration)) {}

std::vector<std::byte> StandardRequests::descriptor(std::uint8_t type, std::uint8_t index) const {
  if (type == kDevice) return description_.device;
  if (type == kConfiguration && index == 0) return description_.configuration;
  if (type == kString && index == 0) return DescriptorBuilder().add({kString, 9, 4}).finish();
  if (type == kString && index == 1) return string_descriptor(description_.manufacturer);
  if (type == kString && index == 2) return string_descriptor(description_.product);
  if (type == kString && index == 3) return string_descriptor(description_.serial);
  if (type == kDeviceQualifier && description_.speed == Speed::high) {
    const auto& device = description_.device;
    std::vector<std::byte> bytes(device.begin(), device.begin() + 8);
    bytes[0] = std::byte{10};
    bytes[1] = std::byte{kDeviceQualifier};
    bytes.push_back(std::byte{1});
    bytes.push_back(std::byte{0});
    return bytes;
  }
  return {};
}

Handshake StandardRequests::read(const SetupPacket& setup, std::span<std::byte> room,
                                 bool is_halted) const {
  switch (setup.request) {
    case kGetDescriptor: {
      const auto bytes = descriptor(static_cast<std::uint8_t>(setup.value >> 8),
                                    static_cast<std::uint8_t>(setup.value & 0xFF));
      return bytes.empty() ? Handshake::stall() : give(bytes, room);
    }
    case kGetStatus: {
      const std::array<std::byte, 2> status{std::byte{is_halted}, std::byte{0}};
      return give(status, room);
    }
    case kGetConfiguration: {
      const std::array value{std::byte{configuration_}};
      return give(value, room);
    }
    case kGetInterface: {
      if (setup.index >= alternates_.size()) return Handshake::stall();
      const std::array value{std::byte{alternates_[setup.index]}};
      return give(value, room);
    }
    default:
      return Handshake::stall();
  }
}

bool StandardRequests::select_configuration(std::uint8_t value) {
  if (value > 1) return false;
  configuration_ = value;
  std::fill(alternates_.begin(), alternates_.end(), std::uint8_t{0});
  return true;
}

bool StandardRequests::select_interface(std::uint8_t interface, std::uint8_t alternate) {
  if (interface >= alternates_.size()) return false;
  alternates_[interface] = alternate;
  return true;
}

}  // namespace usbgw::device::software
