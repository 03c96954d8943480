#include "dataplane/dpdk/frame_sink.h"

#include <algorithm>

namespace usbgw::dpdk {

std::span<std::byte> begin_frame(FrameSink& sink, const Station& from, const wire::MacAddress& to,
                                 std::uint16_t ether_type, std::size_t payload_bytes) {
  const wire::EthernetHeader header{
      .destination = to, .source = from.mac, .vlan = from.vlan, .ether_type = ether_type};
  const auto frame = sink.claim(std::max(header.bytes() + payload_bytes, wire::kMinimumFrameBytes));
  if (frame.empty()) return {};
  return frame.subspan(wire::encode_ethernet(header, frame), payload_bytes);
}

}  // namespace usbgw::dpdk
