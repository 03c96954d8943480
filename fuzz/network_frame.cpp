// Frames from a hostile link: no input may crash the edge, make it answer with a malformed frame,
// or give a datagram that lies outside the frame.
#include <array>
#include <cstdint>
#include <vector>

#include "common/assertion.h"
#include "dataplane/dpdk/network_edge.h"

namespace {

using namespace usbgw;

class Collector final : public dpdk::FrameSink {
 public:
  std::span<std::byte> claim(std::size_t bytes) override {
    USBGW_ASSERT(bytes <= frame_.size());
    bytes_ = bytes;
    return std::span(frame_).first(bytes);
  }
  void send() override {
    USBGW_ASSERT(wire::decode_ethernet(std::span(frame_).first(bytes_)).has_value());
  }

 private:
  std::array<std::byte, 70'000> frame_{};
  std::size_t bytes_ = 0;
};

dpdk::EdgeConfig config() {
  dpdk::EdgeConfig config;
  config.mac = {{2, 0, 0, 0, 0, 1}};
  config.networks = {IpNetwork::parse("10.9.0.2/24").value(),
                     IpNetwork::parse("fd09::2/64").value()};
  config.udp_port = 4791;
  return config;
}

// The first byte picks a family and puts the link header in place, so that random bytes get
// further.
std::vector<std::byte> frame_from(const std::uint8_t* data, std::size_t size) {
  const auto* bytes = reinterpret_cast<const std::byte*>(data);
  std::vector<std::byte> frame(bytes, bytes + size);
  constexpr std::array<std::uint16_t, 4> kTypes{wire::kEtherTypeArp, wire::kEtherTypeIpv4,
                                                wire::kEtherTypeIpv6, wire::kEtherTypeVlan};
  if (size < wire::kEthernetHeaderBytes || (data[0] & 4) != 0) return frame;
  const wire::EthernetHeader header{.destination = config().mac,
                                    .source = {{2, 0, 0, 0, 0, 9}},
                                    .vlan = {},
                                    .ether_type = kTypes[data[0] & 3u]};
  static_cast<void>(wire::encode_ethernet(header, frame));
  return frame;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  dpdk::NetworkEdge edge(config());
  Collector sink;
  auto frame = frame_from(data, size);
  const auto received = edge.receive(frame, {}, Instant{}, sink);
  if (received && !received->payload.empty()) {
    USBGW_ASSERT(received->payload.data() >= frame.data());
    USBGW_ASSERT(received->payload.data() + received->payload.size() <=
                 frame.data() + frame.size());
  }
  return 0;
}
