// Traffic classes of the dataplane, in transmit order, and how one class is marked on the wire.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace usbgw::qos {

enum class TrafficClass : std::uint8_t {
  isochronous = 0,
  interrupt = 1,
  repair = 2,
  management = 3
};
inline constexpr std::size_t kTrafficClasses = 4;

struct Marking {
  std::uint8_t dscp = 0;   // 0..63, RFC 2474
  std::uint8_t pcp = 0;    // 0..7, IEEE 802.1Q
  std::uint16_t vlan = 0;  // 1..4094; 0: untagged
};

[[nodiscard]] std::string_view to_string(TrafficClass traffic_class);

}  // namespace usbgw::qos
