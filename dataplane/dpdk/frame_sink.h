// Where frames of our own making go: answers, requests. The port implements it over its buffers;
// tests collect.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "wire/ethernet.h"

namespace usbgw::dpdk {

class FrameSink {
 public:
  virtual ~FrameSink() = default;
  // Room for one frame of exactly that size, zeroed; empty when buffers ran out. A non-empty claim
  // must be followed by send().
  [[nodiscard]] virtual std::span<std::byte> claim(std::size_t bytes) = 0;
  virtual void send() = 0;
};

// Our side of the link.
struct Station {
  wire::MacAddress mac;
  std::optional<wire::VlanTag> vlan;
  std::uint8_t dscp = 0;
};

// Writes the link header and gives room for exactly `payload_bytes`; the frame is padded to the
// minimum. Empty when buffers ran out.
[[nodiscard]] std::span<std::byte> begin_frame(FrameSink& sink, const Station& from,
                                               const wire::MacAddress& to, std::uint16_t ether_type,
                                               std::size_t payload_bytes);

}  // namespace usbgw::dpdk
