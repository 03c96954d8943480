// Datagrams on their way: ordered by arrival time, equal times by the order of sending; and those
// that have arrived, lent to the receiver until release().
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "common/ip_address.h"
#include "common/timeline.h"
#include "dataplane/session/datagram_port.h"
#include "simulation/impairment.h"

namespace usbgw::simulation {

class DelayQueue {
 public:
  // As often as it comes; never when it is lost.
  void push(const Fate& fate, const UdpEndpoint& from, std::span<const std::byte> bytes) {
    for (const Fate::Arrival& arrival : fate.arrivals()) push(arrival, from, bytes);
  }  // Lends what has arrived by `now`; returns the number.
  [[nodiscard]] std::size_t receive(std::span<session::ReceivedDatagram> burst, Instant now) {
    std::size_t count = 0;
    while (count < burst.size() && next_arrival() <= now) {
      std::pop_heap(heap_.begin(), heap_.end(), later);
      lent_.push_back(std::move(heap_.back()));
      heap_.pop_back();
      burst[count++] = {lent_.back().from, lent_.back().bytes};
    }
    return count;
  }
  void release() {
    for (Flying& flying : lent_) spare_.push_back(std::move(flying.bytes));
    lent_.clear();
  }
  [[nodiscard]] Instant next_arrival() const {
    return heap_.empty() ? kNever : heap_.front().arrival;
  }

 private:
  struct Flying {
    Instant arrival{};
    std::uint64_t order = 0;
    UdpEndpoint from;
    std::vector<std::byte> bytes;
  };
  void push(const Fate::Arrival& arrival, const UdpEndpoint& from,
            std::span<const std::byte> bytes) {
    Flying flying;
    if (!spare_.empty()) {
      flying.bytes = std::move(spare_.back());
      spare_.pop_back();
    }
    flying.arrival = arrival.at;
    flying.order = next_order_++;
    flying.from = from;
    flying.bytes.assign(bytes.begin(), bytes.end());
    if (arrival.flipped && !bytes.empty()) {
      const std::uint64_t bit = *arrival.flipped % (bytes.size() * 8);
      flying.bytes[bit / 8] ^= std::byte{1} << (bit % 8);
    }
    heap_.push_back(std::move(flying));
    std::push_heap(heap_.begin(), heap_.end(), later);
  }
  static bool later(const Flying& a, const Flying& b) {
    return a.arrival != b.arrival ? a.arrival > b.arrival : a.order > b.order;
  }
  std::vector<Flying> heap_;
  std::vector<Flying> lent_;
  std::vector<std::vector<std::byte>> spare_;
  std::uint64_t next_order_ = 0;
};

}  // namespace usbgw::simulation
