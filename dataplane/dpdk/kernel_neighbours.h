// Link addresses from the kernel, for a port that shares its interface with it (af_xdp). Questions
// come from the packet worker and go to a helper thread of its own, which may block; answers come
// back by ring.
#pragma once

#include <atomic>
#include <memory>
#include <semaphore>
#include <string>
#include <thread>

#include "common/spsc_ring.h"
#include "dataplane/dpdk/network_edge.h"

namespace usbgw::dpdk {

class KernelNeighbours final : public NeighbourOracle {
 public:
  explicit KernelNeighbours(unsigned interface_index);
  ~KernelNeighbours() override;
  KernelNeighbours(const KernelNeighbours&) = delete;
  KernelNeighbours& operator=(const KernelNeighbours&) = delete;

  // Packet worker. Wakes the helper: a system call, but only while a next hop is unknown or every
  // 30 s. A question that finds the ring full is asked again by the neighbour table.
  void ask(const IpAddress& destination) override;
  // Packet worker: hands over what has been found.
  void deliver(NetworkEdge& edge, Instant now);
  // Packet worker: an answer may come, which nothing announces.
  [[nodiscard]] bool is_asking() const {
    return asked_ != answered_.load(std::memory_order_acquire) || !answers_.empty();
  }

 private:
  struct Answer {
    IpAddress destination;
    wire::MacAddress mac;
  };
  void help();

  unsigned interface_index_;
  SpscRing<IpAddress> questions_{64};
  SpscRing<Answer> answers_{64};
  std::uint64_t asked_ = 0;                 // packet worker's
  std::atomic<std::uint64_t> answered_{0};  // or given up
  std::atomic<bool> stopping_{false};
  std::counting_semaphore<> wake_{0};
  std::thread helper_;  // last: it uses all above
};

}  // namespace usbgw::dpdk
