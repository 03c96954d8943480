// The kernel socket behind a DPDK port, which DPDK's drivers keep to themselves: poll(2) says of it
// that frames have come, so that a worker can sleep until they do. Of both kinds that is the state
// of the receive ring, not an event: nothing has to be read back, and none is missed
// (linux/net/packet/af_packet.c packet_poll, linux/net/xdp/xsk.c xsk_poll).
#pragma once

#include <optional>
#include <vector>

namespace usbgw::dpdk {

// Finds the socket that a driver opens: the one that this process did not have before.
class SocketCensus {
 public:
  // Of sockets of this family: AF_PACKET, AF_XDP.
  explicit SocketCensus(int family);
  // None, unless exactly one has come since.
  [[nodiscard]] std::optional<int> newcomer() const;

 private:
  int family_;
  std::vector<int> before_;
};

// What the socket has to complain of (its interface went down) makes it ready until it is asked.
void clear_error(int socket);

}  // namespace usbgw::dpdk
