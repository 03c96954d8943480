// The sans-IO part of a port: takes frames in, gives our datagrams out, answers ARP, NDP and ping,
// resolves next hops, and counts what it drops. Knows no DPDK. One thread, the port's packet
// worker.
#pragma once

#include <optional>
#include <vector>

#include "dataplane/dpdk/datagram_route.h"
#include "dataplane/dpdk/neighbour_protocol.h"
#include "dataplane/session/datagram_port.h"
#include "qos/traffic_class.h"

namespace usbgw::dpdk {

struct EdgeConfig {
  wire::MacAddress mac;
  std::vector<IpNetwork> networks;
  std::vector<IpAddress> gateways;
  std::uint16_t udp_port = 0;
  std::size_t mtu = 1500;  // IP header included, link header not
  qos::Marking marking;
  Routing routing = Routing::by_networks;
};

// Asked instead of the network where the kernel keeps the neighbours; answers come by learn().
class NeighbourOracle {
 public:
  virtual ~NeighbourOracle() = default;
  virtual void ask(const IpAddress& destination) = 0;
};

// What the NIC says of a frame besides its bytes.
struct FrameFacts {
  std::optional<std::uint16_t> stripped_vlan;  // tag control that it took out
  bool udp_checksum_good = false;              // verified by the NIC
};

class NetworkEdge {
 public:
  // `oracle` (may be null) outlives the edge.
  explicit NetworkEdge(const EdgeConfig& config, NeighbourOracle* oracle = nullptr);
  NetworkEdge(const NetworkEdge&) = delete;
  NetworkEdge& operator=(const NetworkEdge&) = delete;

  // A datagram for our UDP port, pointing into `frame`; nothing when the frame was something else,
  // which is then answered or dropped.
  [[nodiscard]] std::optional<session::ReceivedDatagram> receive(std::span<std::byte> frame,
                                                                 const FrameFacts& facts,
                                                                 Instant now, FrameSink& sink);
  [[nodiscard]] const DatagramRoute* route(const UdpEndpoint& to, Instant now) {
    return routes_.find(to, now);
  }
  // Call once the link is up.
  void announce(FrameSink& sink) { protocol_.announce(sink); }
  // Questions that are due.
  void run_timers(Instant now, FrameSink& sink);
  [[nodiscard]] Instant next_deadline() const { return table_.next_deadline(); }
  void learn(const IpAddress& address, const wire::MacAddress& mac, Instant now);

  [[nodiscard]] std::size_t max_payload(const UdpEndpoint& to) const;
  [[nodiscard]] UdpEndpoint local() const;
  [[nodiscard]] PortCounters& counters() { return counters_; }
  [[nodiscard]] const PortCounters& counters() const { return counters_; }

 private:
  using Received = std::optional<session::ReceivedDatagram>;
  struct Arrival;
  [[nodiscard]] bool accepts_link(const wire::EthernetHeader& header, const FrameFacts& facts);
  [[nodiscard]] Received receive_ip(const Arrival& arrival);
  [[nodiscard]] Received receive_udp(const Arrival& arrival, const wire::IpPacket& packet);
  void receive_icmp(const Arrival& arrival, const wire::IpPacket& packet);
  void receive_icmpv6(const Arrival& arrival, const wire::IpPacket& packet);
  void answer_ping(const Arrival& arrival, const wire::IpPacket& packet, std::uint8_t reply_type);
  void drop(PortCounter reason) { counters_.add(reason); }

  Station station_;
  AddressPlan plan_;
  NeighbourTable table_;
  PortCounters counters_;
  NeighbourProtocol protocol_;
  RouteCache routes_;
  NeighbourOracle* oracle_;
  std::uint16_t udp_port_;
  std::size_t mtu_;
};

}  // namespace usbgw::dpdk
