// What `port =` names, parsed: a PCI address, or TYPE:NAME of a virtual device.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/result.h"

namespace usbgw::dpdk {

enum class PortType : std::uint8_t { pci, af_packet, af_xdp, tap, memif, ring };
[[nodiscard]] std::string_view to_string(PortType type);

struct PortSpec {
  PortType type = PortType::ring;
  std::string name;           // PCI address, interface, or socket path; empty for a ring
  bool memif_server = false;  // the side that listens on the socket

  // "0000:03:00.0", "af_packet:IFACE", "af_xdp:IFACE", "tap:NAME", "memif:SOCKET,server" or
  // ",client", "ring".
  [[nodiscard]] static Result<PortSpec> parse(std::string_view text);
  [[nodiscard]] std::string to_string() const;
};

// The largest IP MTU that a type can carry, from measurement (docs/ports.md); the least is
// kMinimumMtu. A NIC's or interface's own limit is checked besides when the port starts.
struct LargestMtu {
  std::size_t bytes;
  std::string_view reason;
};
[[nodiscard]] LargestMtu largest_mtu(PortType type);

}  // namespace usbgw::dpdk
