#include "dataplane/dpdk/network_edge.h"

#include <algorithm>

#include "common/assertion.h"

namespace usbgw::dpdk {
namespace {

Station station_of(const EdgeConfig& config) {
  Station station{.mac = config.mac, .vlan = std::nullopt, .dscp = config.marking.dscp};
  if (config.marking.vlan != 0)
    station.vlan = wire::VlanTag{.id = config.marking.vlan, .pcp = config.marking.pcp};
  return station;
}

// The part of a mutable frame that a decoder pointed out in its const view.
std::span<std::byte> mutable_part(std::span<std::byte> frame, std::span<const std::byte> part) {
  return frame.subspan(static_cast<std::size_t>(part.data() - frame.data()), part.size());
}

}  // namespace

struct NetworkEdge::Arrival {
  std::span<std::byte> frame;
  wire::EthernetFrame link;
  const FrameFacts& facts;
  Instant now;
  FrameSink& sink;
};

NetworkEdge::NetworkEdge(const EdgeConfig& config, NeighbourOracle* oracle)
    : station_(station_of(config)),
      plan_(config.networks, config.gateways, config.routing),
      protocol_(station_, plan_, table_, counters_),
      routes_(station_, plan_, table_, counters_, config.udp_port),
      oracle_(oracle),
      udp_port_(config.udp_port),
      mtu_(config.mtu) {
  USBGW_ASSERT(!config.networks.empty());
}

NetworkEdge::Received NetworkEdge::receive(std::span<std::byte> frame, const FrameFacts& facts,
                                           Instant now, FrameSink& sink) {
  counters_.add(PortCounter::frames_received);
  counters_.add(PortCounter::bytes_received, frame.size());
  const auto link = wire::decode_ethernet(frame);
  if (!link) {
    drop(PortCounter::drop_malformed);
    return std::nullopt;
  }
  if (!accepts_link(link->header, facts)) return std::nullopt;
  const Arrival arrival{.frame = frame, .link = *link, .facts = facts, .now = now, .sink = sink};
  switch (link->header.ether_type) {
    case wire::kEtherTypeIpv4:
    case wire::kEtherTypeIpv6:
      return receive_ip(arrival);
    case wire::kEtherTypeArp:
      protocol_.receive_arp(link->payload, now, sink);
      return std::nullopt;
    default:
      drop(PortCounter::drop_ether_type);
      return std::nullopt;
  }
}

bool NetworkEdge::accepts_link(const wire::EthernetHeader& header, const FrameFacts& facts) {
  if (header.source == station_.mac) {
    drop(PortCounter::drop_own_frame);
    return false;
  }
  if (header.destination != station_.mac && !header.destination.is_multicast()) {
    drop(PortCounter::drop_other_station);
    return false;
  }
  std::optional<wire::VlanTag> tag = header.vlan;
  if (facts.stripped_vlan) tag = wire::decode_vlan_tag(*facts.stripped_vlan);
  // A tag with id 0 carries a priority only (IEEE 802.1Q, 9.6).
  if ((tag ? tag->id : 0) != (station_.vlan ? station_.vlan->id : 0)) {
    drop(PortCounter::drop_vlan);
    return false;
  }
  return true;
}

NetworkEdge::Received NetworkEdge::receive_ip(const Arrival& arrival) {
  const auto& link = arrival.link;
  const bool v4 = link.header.ether_type == wire::kEtherTypeIpv4;
  const auto packet = v4 ? wire::decode_ipv4(link.payload) : wire::decode_ipv6(link.payload);
  const auto dropped = [this](PortCounter reason) {
    drop(reason);
    return std::nullopt;
  };
  if (!packet) return dropped(PortCounter::drop_malformed);
  if (!packet->checksum_ok) return dropped(PortCounter::drop_ip_checksum);
  if (packet->fragment) return dropped(PortCounter::drop_fragment);
  const IpAddress& destination = packet->header.destination;
  const bool ours = plan_.owns(destination);
  if (!ours && !plan_.listens_to(destination)) return dropped(PortCounter::drop_other_address);
  switch (packet->header.protocol) {
    case wire::kProtocolUdp:
      return ours ? receive_udp(arrival, *packet) : dropped(PortCounter::drop_other_address);
    case wire::kProtocolIcmp:
      if (v4) receive_icmp(arrival, *packet);
      return std::nullopt;
    case wire::kProtocolIcmpv6:
      if (!v4) receive_icmpv6(arrival, *packet);
      return std::nullopt;
    default:
      return dropped(PortCounter::drop_protocol);
  }
}

NetworkEdge::Received NetworkEdge::receive_udp(const Arrival& arrival,
                                               const wire::IpPacket& packet) {
  const auto udp = wire::decode_udp(packet.payload);
  if (!udp) {
    drop(PortCounter::drop_malformed);
    return std::nullopt;
  }
  if (udp->header.destination_port != udp_port_) {
    drop(PortCounter::drop_other_port);
    return std::nullopt;
  }
  const auto whole = packet.payload.first(wire::kUdpHeaderBytes + udp->payload.size());
  if (!arrival.facts.udp_checksum_good &&
      !wire::udp_checksum_ok(packet.header.source, packet.header.destination, whole)) {
    drop(PortCounter::drop_udp_checksum);
    return std::nullopt;
  }
  counters_.add(PortCounter::datagrams_received);
  return session::ReceivedDatagram{
      .from = {.address = packet.header.source, .port = udp->header.source_port},
      .payload = mutable_part(arrival.frame, udp->payload)};
}

void NetworkEdge::receive_icmp(const Arrival& arrival, const wire::IpPacket& packet) {
  const auto message =
      wire::decode_icmp(packet.payload, packet.header.source, packet.header.destination);
  if (!message || !message->checksum_ok) return drop(PortCounter::drop_malformed);
  if (message->type != wire::kIcmpEchoRequest) return drop(PortCounter::drop_icmp);
  answer_ping(arrival, packet, wire::kIcmpEchoReply);
}

void NetworkEdge::receive_icmpv6(const Arrival& arrival, const wire::IpPacket& packet) {
  const auto message =
      wire::decode_icmp(packet.payload, packet.header.source, packet.header.destination);
  if (!message || !message->checksum_ok) return drop(PortCounter::drop_malformed);
  switch (message->type) {
    case wire::kNeighbourSolicitation:
    case wire::kNeighbourAdvertisement:
      return protocol_.receive_neighbour(packet, *message, arrival.link.header.source, arrival.now,
                                         arrival.sink);
    case wire::kIcmpv6EchoRequest:
      if (!plan_.owns(packet.header.destination)) return drop(PortCounter::drop_icmp);
      return answer_ping(arrival, packet, wire::kIcmpv6EchoReply);
    default:
      return drop(PortCounter::drop_icmp);
  }
}

// Straight back to the station that it came from: no resolution, so a ping cannot fill the table.
void NetworkEdge::answer_ping(const Arrival& arrival, const wire::IpPacket& packet,
                              std::uint8_t reply_type) {
  const wire::IpHeader reply{.source = packet.header.destination,
                             .destination = packet.header.source,
                             .protocol = packet.header.protocol,
                             .dscp = packet.header.dscp};
  const auto room =
      begin_frame(arrival.sink, station_, arrival.link.header.source,
                  arrival.link.header.ether_type, reply.bytes() + packet.payload.size());
  if (room.empty()) return drop(PortCounter::drop_no_buffer);
  const auto header_bytes = wire::encode_ip(reply, packet.payload.size(), room);
  const auto message = room.subspan(header_bytes);
  std::copy(packet.payload.begin(), packet.payload.end(), message.begin());
  wire::finish_icmp(message, reply_type, reply.source, reply.destination);
  counters_.add(PortCounter::pings_answered);
  arrival.sink.send();
}

void NetworkEdge::run_timers(Instant now, FrameSink& sink) {
  while (const auto question = table_.next_question(now)) {
    if (oracle_ == nullptr) {
      protocol_.ask(*question, sink);
    } else {
      counters_.add(PortCounter::neighbours_asked);
      oracle_->ask(question->next_hop);
    }
  }
}

void NetworkEdge::learn(const IpAddress& address, const wire::MacAddress& mac, Instant now) {
  if (table_.learn(address, mac, now)) counters_.add(PortCounter::neighbours_learned);
}

std::size_t NetworkEdge::max_payload(const UdpEndpoint& to) const {
  const std::size_t header = to.address.is_v4() ? wire::kIpv4HeaderBytes : wire::kIpv6HeaderBytes;
  return mtu_ - header - wire::kUdpHeaderBytes;
}

UdpEndpoint NetworkEdge::local() const {
  return {.address = plan_.networks().front().address, .port = udp_port_};
}

}  // namespace usbgw::dpdk
