#include "dataplane/dpdk/datagram_route.h"

#include "common/byte_order.h"
#include "wire/internet_checksum.h"

namespace usbgw::dpdk {
namespace {

std::uint16_t checksum_for(const DatagramRoute& route, std::span<const std::byte> datagram,
                           UdpChecksum checksum) {
  if (checksum == UdpChecksum::compute)
    return wire::udp_checksum(route.ip.source, route.ip.destination, datagram);
  const auto sum =
      wire::pseudo_header_sum(route.ip.source, route.ip.destination, wire::kProtocolUdp,
                              static_cast<std::uint32_t>(datagram.size()));
  return static_cast<std::uint16_t>(~wire::checksum_finish(sum));
}

}  // namespace

void write_headers(const DatagramRoute& route, std::span<std::byte> frame, UdpChecksum checksum) {
  const std::size_t link_bytes = wire::encode_ethernet(route.link, frame);
  const auto packet = frame.subspan(link_bytes);
  const auto datagram = packet.subspan(route.ip.bytes());
  static_cast<void>(wire::encode_ip(route.ip, datagram.size(), packet));
  const wire::UdpHeader header{.source_port = route.source_port, .destination_port = route.to.port};
  static_cast<void>(wire::encode_udp(header, datagram.size() - wire::kUdpHeaderBytes, datagram));
  store_be<std::uint16_t>(datagram.data() + wire::kUdpChecksumOffset,
                          checksum_for(route, datagram, checksum));
}

const DatagramRoute* RouteCache::find(const UdpEndpoint& to, Instant now) {
  for (const auto& route : routes_) {
    if (!route.valid || route.generation != table_.generation() || route.to != to) continue;
    table_.mark_used(route.slot, now);
    return &route;
  }
  return make(to, now);
}

const DatagramRoute* RouteCache::make(const UdpEndpoint& to, Instant now) {
  const auto next_hop = plan_.next_hop(to.address);
  const auto source = plan_.source_for(to.address);
  if (!next_hop || !source) {
    counters_.add(PortCounter::drop_no_route);
    return nullptr;
  }
  const auto neighbour = table_.find(*next_hop, now);
  if (!neighbour) {
    counters_.add(PortCounter::drop_unresolved);
    return nullptr;
  }
  DatagramRoute& route = routes_[next_victim_];
  next_victim_ = (next_victim_ + 1) % kRoutes;
  route = {.to = to,
           .link = {.destination = neighbour->mac,
                    .source = station_.mac,
                    .vlan = station_.vlan,
                    .ether_type = to.address.is_v4() ? wire::kEtherTypeIpv4 : wire::kEtherTypeIpv6},
           .ip = {.source = *source,
                  .destination = to.address,
                  .protocol = wire::kProtocolUdp,
                  .dscp = station_.dscp},
           .source_port = source_port_,
           .slot = neighbour->slot,
           .generation = table_.generation(),
           .valid = true};
  return &route;
}

}  // namespace usbgw::dpdk
