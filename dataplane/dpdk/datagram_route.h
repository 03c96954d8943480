// How a datagram to one endpoint is addressed, remembered for the few endpoints that a gateway
// talks to, and the headers written from it.
#pragma once

#include <array>
#include <cstdint>

#include "common/timeline.h"
#include "dataplane/dpdk/address_plan.h"
#include "dataplane/dpdk/frame_sink.h"
#include "dataplane/dpdk/neighbour_table.h"
#include "dataplane/dpdk/port_counters.h"
#include "wire/ip.h"
#include "wire/udp.h"

namespace usbgw::dpdk {

struct DatagramRoute {
  UdpEndpoint to;
  wire::EthernetHeader link;
  wire::IpHeader ip;
  std::uint16_t source_port = 0;
  NeighbourSlot slot = 0;
  std::uint32_t generation = 0;  // of the neighbour table when `link` was filled
  bool valid = false;
  [[nodiscard]] std::size_t header_bytes() const {
    return link.bytes() + ip.bytes() + wire::kUdpHeaderBytes;
  }
};

enum class UdpChecksum : std::uint8_t {
  compute,        // in software
  pseudo_header,  // the NIC adds the rest: the field holds the pseudo-header's folded sum
};

// Fills the headers in front of a payload that stands already in `frame`, which ends with it.
void write_headers(const DatagramRoute& route, std::span<std::byte> frame, UdpChecksum checksum);

class RouteCache {
 public:
  // All outlive it.
  RouteCache(const Station& station, const AddressPlan& plan, NeighbourTable& table,
             PortCounters& counters, std::uint16_t source_port)
      : station_(station),
        plan_(plan),
        table_(table),
        counters_(counters),
        source_port_(source_port) {}
  // Null, counted, when there is no way there or its link address is still unknown. Valid until the
  // next call.
  [[nodiscard]] const DatagramRoute* find(const UdpEndpoint& to, Instant now);

 private:
  [[nodiscard]] const DatagramRoute* make(const UdpEndpoint& to, Instant now);

  static constexpr std::size_t kRoutes = 8;
  const Station& station_;
  const AddressPlan& plan_;
  NeighbourTable& table_;
  PortCounters& counters_;
  std::uint16_t source_port_;
  std::array<DatagramRoute, kRoutes> routes_{};
  std::size_t next_victim_ = 0;
};

}  // namespace usbgw::dpdk
