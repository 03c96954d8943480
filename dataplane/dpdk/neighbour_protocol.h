// ARP and neighbour discovery as messages: answers for our addresses, questions for next hops, the
// announcement at start. What is known and when to ask is neighbour_table's.
#pragma once

#include "common/timeline.h"
#include "dataplane/dpdk/address_plan.h"
#include "dataplane/dpdk/frame_sink.h"
#include "dataplane/dpdk/neighbour_table.h"
#include "dataplane/dpdk/port_counters.h"
#include "wire/arp.h"
#include "wire/icmp.h"
#include "wire/ip.h"

namespace usbgw::dpdk {

class NeighbourProtocol {
 public:
  // All outlive it.
  NeighbourProtocol(const Station& station, const AddressPlan& plan, NeighbourTable& table,
                    PortCounters& counters)
      : station_(station), plan_(plan), table_(table), counters_(counters) {}

  void receive_arp(std::span<const std::byte> packet, Instant now, FrameSink& sink);
  // An ICMPv6 message of type 135 or 136, checksum already verified.
  void receive_neighbour(const wire::IpPacket& packet, const wire::IcmpMessage& message,
                         const wire::MacAddress& from, Instant now, FrameSink& sink);
  void ask(const NeighbourTable::Question& question, FrameSink& sink);
  // Gratuitous ARP (RFC 5227, 3) and unsolicited advertisements (RFC 4861, 7.2.6), so that caches
  // which still know an earlier holder of our addresses notice.
  void announce(FrameSink& sink);

 private:
  void answer_solicitation(const wire::IpPacket& packet, const wire::NeighbourMessage& message,
                           const wire::MacAddress& from, FrameSink& sink);
  void send_arp(const wire::ArpPacket& packet, const wire::MacAddress& to, FrameSink& sink);
  void send_neighbour(const wire::NeighbourMessage& message, const IpAddress& source,
                      const IpAddress& destination, const wire::MacAddress& to, FrameSink& sink);

  const Station& station_;
  const AddressPlan& plan_;
  NeighbourTable& table_;
  PortCounters& counters_;
};

}  // namespace usbgw::dpdk
