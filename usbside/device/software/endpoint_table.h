// The endpoints of a software device, read from its own configuration descriptor.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/usb.h"

namespace usbgw::device::software {

struct EndpointInfo {
  EndpointAddress address;
  TransferType type = TransferType::bulk;
  std::uint8_t interface = 0;
  std::uint8_t alternate = 0;
  std::uint32_t packet_bytes = 0;  // per service interval: additional transactions counted in
  std::uint32_t period = 1;        // service intervals of the bus: 2^(bInterval-1), or bInterval ms
};

[[nodiscard]] std::vector<EndpointInfo> read_endpoints(std::span<const std::byte> configuration,
                                                       Speed speed);
// Highest interface number plus one.
[[nodiscard]] std::size_t count_interfaces(std::span<const std::byte> configuration);

}  // namespace usbgw::device::software
