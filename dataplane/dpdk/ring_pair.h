// Two DPDK ring ports that face each other in one process. Frames cross without a copy, so a buffer
// ends up with the other end's thread; it comes home through a ring of its own, and each pool keeps
// one owner.
#pragma once

#include <memory>
#include <span>
#include <utility>

#include "dataplane/dpdk/buffer_pool.h"

struct rte_mbuf;
struct rte_ring;

namespace usbgw::dpdk {

class Eal;

// The rings and pools, kept until both ends are gone; they share it, and nothing on the data path
// counts references.
class RingLink;

class RingEnd {
 public:
  RingEnd(std::shared_ptr<RingLink> link, std::size_t side) : link_(std::move(link)), side_(side) {}
  [[nodiscard]] rte_mempool* pool() const;
  // Buffers of the other end, done with.
  void send_home(std::span<rte_mbuf*> buffers);
  // Takes back what the other end has done with.
  void collect();

 private:
  std::shared_ptr<RingLink> link_;
  std::size_t side_;
};

struct RingPorts {
  std::uint16_t port_id;  // DPDK's, unconfigured
  std::unique_ptr<RingEnd> end;
};

[[nodiscard]] Result<std::pair<RingPorts, RingPorts>> make_ring_link(Eal& eal,
                                                                     const PoolGeometry& first,
                                                                     const PoolGeometry& second);

}  // namespace usbgw::dpdk
