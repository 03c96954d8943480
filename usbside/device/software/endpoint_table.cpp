#include "usbside/device/software/endpoint_table.h"

#include <algorithm>
#include <bit>

#include "common/byte_order.h"

namespace usbgw::device::software {
namespace {

constexpr std::uint8_t kInterface = 4;
constexpr std::uint8_t kEndpoint = 5;

std::uint8_t at(std::span<const std::byte> bytes, std::size_t i) {
  return std::to_integer<std::uint8_t>(bytes[i]);
}

template <class Visit>
void for_each_descriptor(std::span<const std::byte> bytes, Visit visit) {
  while (bytes.size() >= 2) {
    const std::size_t length = at(bytes, 0);
    if (length < 2 || length > bytes.size()) return;
    visit(at(bytes, 1), bytes.first(length));
    bytes = bytes.subspan(length);
  }
}

// USB 2.0, table 9-13. Interrupt endpoints at full speed count frames; the schedule wants a power
// of two, and a faster one is allowed.
std::uint32_t period_of(TransferType type, std::uint8_t interval, Speed speed) {
  if (type == TransferType::bulk || type == TransferType::control || interval == 0) return 1;
  if (speed == Speed::high || type == TransferType::isochronous) {
    return 1u << std::min(interval - 1, 15);
  }
  return std::bit_floor(std::uint32_t{interval});
}

}  // namespace

std::vector<EndpointInfo> read_endpoints(std::span<const std::byte> configuration, Speed speed) {
  std::vector<EndpointInfo> endpoints;
  EndpointInfo current;
  for_each_descriptor(configuration, [&](std::uint8_t type, std::span<const std::byte> bytes) {
    if (type == kInterface && bytes.size() >= 9) {
      current.interface = at(bytes, 2);
      current.alternate = at(bytes, 3);
    }
    if (type != kEndpoint || bytes.size() < 7) return;
    const auto packet = load_le<std::uint16_t>(bytes.data() + 4);
    current.address = EndpointAddress(at(bytes, 2));
    current.type = static_cast<TransferType>(at(bytes, 3) & 3);
    current.packet_bytes = (packet & 0x7FFu) * (1u + (packet >> 11 & 3u));
    current.period = period_of(current.type, at(bytes, 6), speed);
    endpoints.push_back(current);
  });
  return endpoints;
}

std::size_t count_interfaces(std::span<const std::byte> configuration) {
  std::size_t count = 0;
  for_each_descriptor(configuration, [&](std::uint8_t type, std::span<const std::byte> bytes) {
    if (type == kInterface && bytes.size() >= 9) {
      count = std::max<std::size_t>(count, at(bytes, 2) + 1u);
    }
  });
  return count;
}

}  // namespace usbgw::device::software
