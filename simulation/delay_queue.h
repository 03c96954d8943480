// Datagrams on their way: ordered by arrival time, equal times by the order of sending.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "common/ip_address.h"
#include "common/timeline.h"

namespace usbgw::simulation {

struct Flying {
  Instant arrival{};
  std::uint64_t order = 0;
  UdpEndpoint from;
  std::vector<std::byte> bytes;
};

class DelayQueue {
 public:
  void push(Instant arrival, const UdpEndpoint& from, std::span<const std::byte> bytes) {
    Flying flying;
    if (!spare_.empty()) {
      flying.bytes = std::move(spare_.back());
      spare_.pop_back();
    }
    flying.arrival = arrival;
    flying.order = next_order_++;
    flying.from = from;
    flying.bytes.assign(bytes.begin(), bytes.end());
    heap_.push_back(std::move(flying));
    std::push_heap(heap_.begin(), heap_.end(), later);
  }
  // True and the datagram when one has arrived by `now`.
  [[nodiscard]] bool pop(Instant now, Flying& out) {
    if (heap_.empty() || heap_.front().arrival > now) return false;
    std::pop_heap(heap_.begin(), heap_.end(), later);
    out = std::move(heap_.back());
    heap_.pop_back();
    return true;
  }
  void recycle(Flying&& flying) { spare_.push_back(std::move(flying.bytes)); }
  [[nodiscard]] Instant next_arrival() const {
    return heap_.empty() ? kNever : heap_.front().arrival;
  }

 private:
  static bool later(const Flying& a, const Flying& b) {
    return a.arrival != b.arrival ? a.arrival > b.arrival : a.order > b.order;
  }
  std::vector<Flying> heap_;
  std::vector<std::vector<std::byte>> spare_;
  std::uint64_t next_order_ = 0;
};

}  // namespace usbgw::simulation
