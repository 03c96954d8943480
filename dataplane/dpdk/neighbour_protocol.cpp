#include "dataplane/dpdk/neighbour_protocol.h"

namespace usbgw::dpdk {
namespace {

// A receiver drops neighbour discovery with any other hop limit: it was routed (RFC 4861, 7.1).
constexpr std::uint8_t kNeighbourHopLimit = 255;

}  // namespace

void NeighbourProtocol::receive_arp(std::span<const std::byte> packet, Instant now,
                                    FrameSink& sink) {
  const auto arp = wire::decode_arp(packet);
  if (!arp || arp->sender_mac.is_multicast()) return counters_.add(PortCounter::drop_malformed);
  const bool for_us = !arp->reply && plan_.owns(arp->target);
  const bool learned = for_us ? table_.learn_asker(arp->sender, arp->sender_mac, now)
                              : table_.learn(arp->sender, arp->sender_mac, now);
  if (learned) counters_.add(PortCounter::neighbours_learned);
  if (!for_us && !learned) counters_.add(PortCounter::drop_arp);
  if (!for_us) return;
  counters_.add(PortCounter::arp_answered);
  send_arp({.reply = true,
            .sender_mac = station_.mac,
            .sender = arp->target,
            .target_mac = arp->sender_mac,
            .target = arp->sender},
           arp->sender_mac, sink);
}

void NeighbourProtocol::receive_neighbour(const wire::IpPacket& packet,
                                          const wire::IcmpMessage& message,
                                          const wire::MacAddress& from, Instant now,
                                          FrameSink& sink) {
  const bool advertisement = message.type == wire::kNeighbourAdvertisement;
  const auto neighbour = wire::decode_neighbour(advertisement, message.body);
  if (!neighbour || packet.header.hop_limit != kNeighbourHopLimit || message.code != 0)
    return counters_.add(PortCounter::drop_malformed);
  if (!advertisement && !plan_.owns(neighbour->target))
    return counters_.add(PortCounter::drop_icmp);
  const auto mac = neighbour->link_address.value_or(from);
  const bool learned = advertisement ? table_.learn(neighbour->target, mac, now)
                                     : table_.learn_asker(packet.header.source, mac, now);
  if (learned) counters_.add(PortCounter::neighbours_learned);
  if (advertisement) return;
  answer_solicitation(packet, *neighbour, from, sink);
}

void NeighbourProtocol::answer_solicitation(const wire::IpPacket& packet,
                                            const wire::NeighbourMessage& message,
                                            const wire::MacAddress& from, FrameSink& sink) {
  counters_.add(PortCounter::solicitations_answered);
  // An unspecified source is somebody's duplicate address detection: answer to all (7.2.4).
  const bool to_all = packet.header.source.is_unspecified();
  const IpAddress to = to_all ? wire::all_nodes_address() : packet.header.source;
  send_neighbour({.advertisement = true,
                  .solicited = !to_all,
                  .override_cache = true,
                  .target = message.target,
                  .link_address = station_.mac},
                 message.target, to,
                 to_all ? wire::multicast_mac(to) : message.link_address.value_or(from), sink);
}

void NeighbourProtocol::ask(const NeighbourTable::Question& question, FrameSink& sink) {
  const auto source = plan_.source_for(question.next_hop);
  if (!source) return;
  counters_.add(PortCounter::neighbours_asked);
  if (question.next_hop.is_v4()) {
    send_arp({.reply = false,
              .sender_mac = station_.mac,
              .sender = *source,
              .target_mac = {},
              .target = question.next_hop},
             question.last_known.value_or(wire::kBroadcastMac), sink);
    return;
  }
  const IpAddress to =
      question.last_known ? question.next_hop : wire::solicited_node_address(question.next_hop);
  send_neighbour({.target = question.next_hop, .link_address = station_.mac}, *source, to,
                 question.last_known.value_or(wire::multicast_mac(to)), sink);
}

void NeighbourProtocol::announce(FrameSink& sink) {
  for (const auto& network : plan_.networks()) {
    const IpAddress& ours = network.address;
    if (ours.is_v4()) {
      send_arp({.reply = false,
                .sender_mac = station_.mac,
                .sender = ours,
                .target_mac = {},
                .target = ours},
               wire::kBroadcastMac, sink);
    } else {
      send_neighbour({.advertisement = true,
                      .override_cache = true,
                      .target = ours,
                      .link_address = station_.mac},
                     ours, wire::all_nodes_address(),
                     wire::multicast_mac(wire::all_nodes_address()), sink);
    }
  }
}

void NeighbourProtocol::send_arp(const wire::ArpPacket& packet, const wire::MacAddress& to,
                                 FrameSink& sink) {
  const auto room = begin_frame(sink, station_, to, wire::kEtherTypeArp, wire::kArpBytes);
  if (room.empty()) return counters_.add(PortCounter::drop_no_buffer);
  static_cast<void>(wire::encode_arp(packet, room));
  sink.send();
}

void NeighbourProtocol::send_neighbour(const wire::NeighbourMessage& message,
                                       const IpAddress& source, const IpAddress& destination,
                                       const wire::MacAddress& to, FrameSink& sink) {
  const auto room = begin_frame(sink, station_, to, wire::kEtherTypeIpv6,
                                wire::kIpv6HeaderBytes + wire::kNeighbourBytes);
  if (room.empty()) return counters_.add(PortCounter::drop_no_buffer);
  const wire::IpHeader header{.source = source,
                              .destination = destination,
                              .protocol = wire::kProtocolIcmpv6,
                              .hop_limit = kNeighbourHopLimit,
                              .dscp = station_.dscp};
  const auto header_bytes = wire::encode_ip(header, wire::kNeighbourBytes, room);
  static_cast<void>(
      wire::encode_neighbour(message, source, destination, room.subspan(header_bytes)));
  sink.send();
}

}  // namespace usbgw::dpdk
