// The kernel's routing and neighbour tables, by rtnetlink(7). Blocks; helper or control thread.
#pragma once

#include <optional>
#include <span>

#include "common/ip_address.h"
#include "wire/ethernet.h"

namespace usbgw::dpdk {

class KernelRoutes {
 public:
  explicit KernelRoutes(unsigned interface_index);
  ~KernelRoutes();
  KernelRoutes(const KernelRoutes&) = delete;
  KernelRoutes& operator=(const KernelRoutes&) = delete;

  // The gateway on the way there, or the destination itself.
  [[nodiscard]] IpAddress next_hop(const IpAddress& destination);
  struct Neighbour {
    wire::MacAddress mac;
    bool confirmed;  // false: usable, but the kernel should ask again
  };
  [[nodiscard]] std::optional<Neighbour> neighbour(const IpAddress& next_hop);
  // Makes the kernel resolve: one empty datagram to the discard port (RFC 863).
  static void provoke(const IpAddress& destination);

 private:
  // The reply to a request of that type about one address; empty when there was none.
  [[nodiscard]] std::span<const std::byte> ask(std::span<const std::byte> request);

  unsigned interface_index_;
  int socket_;
  alignas(8) std::array<std::byte, 4096> reply_{};
};

}  // namespace usbgw::dpdk
