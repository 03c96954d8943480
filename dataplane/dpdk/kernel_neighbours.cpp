#include "dataplane/dpdk/kernel_neighbours.h"

#include <chrono>

#include "dataplane/dpdk/kernel_route.h"

namespace usbgw::dpdk {
namespace {

// The kernel asks three times at 1 s (neigh/default/retrans_time_ms); most answer at once.
constexpr int kPolls = 100;
constexpr auto kPollInterval = std::chrono::milliseconds(10);

}  // namespace

KernelNeighbours::KernelNeighbours(unsigned interface_index)
    : interface_index_(interface_index), helper_([this] { help(); }) {}

KernelNeighbours::~KernelNeighbours() {
  stopping_.store(true, std::memory_order_release);
  wake_.release();
  helper_.join();
}

void KernelNeighbours::ask(const IpAddress& destination) {
  if (!questions_.push(destination)) return;
  ++asked_;
  wake_.release();
}

void KernelNeighbours::deliver(NetworkEdge& edge, Instant now) {
  for (Answer answer; answers_.pop(answer);) edge.learn(answer.destination, answer.mac, now);
}

void KernelNeighbours::help() {
  KernelRoutes kernel(interface_index_);
  for (;;) {
    wake_.acquire();
    if (stopping_.load(std::memory_order_acquire)) return;
    IpAddress destination;
    if (!questions_.pop(destination)) continue;
    const IpAddress next_hop = kernel.next_hop(destination);
    for (int poll = 0; poll < kPolls && !stopping_.load(std::memory_order_acquire); ++poll) {
      const auto neighbour = kernel.neighbour(next_hop);
      if (!neighbour || !neighbour->confirmed)
        if (poll == 0) KernelRoutes::provoke(destination);
      if (neighbour) {
        static_cast<void>(answers_.push(Answer{.destination = destination, .mac = neighbour->mac}));
        break;
      }
      std::this_thread::sleep_for(kPollInterval);
    }
    answered_.fetch_add(1, std::memory_order_release);
  }
}

}  // namespace usbgw::dpdk
