// A datagram link in memory between two ports: perfect but for the impairment of each direction.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "dataplane/session/datagram_port.h"
#include "simulation/delay_queue.h"
#include "simulation/impairment.h"

namespace usbgw::simulation {

class MemoryPort final : public session::DatagramPort {
 public:
  MemoryPort(UdpEndpoint local, std::size_t max_payload)
      : local_(local), max_payload_(max_payload) {}

  // Joins two ports; `to_b` is what happens to what `a` sends.
  static void join(MemoryPort& a, MemoryPort& b, Impairment& to_b, Impairment& to_a);

  [[nodiscard]] std::size_t receive(std::span<session::ReceivedDatagram> burst,
                                    Instant now) override;
  void release() override { arriving_.release(); }
  [[nodiscard]] std::span<std::byte> reserve(const UdpEndpoint& to, Instant now) override;
  void commit(std::size_t bytes, qos::TrafficClass traffic_class) override;
  void abandon() override {}
  std::size_t flush(Instant now) override;
  [[nodiscard]] std::size_t max_payload(const UdpEndpoint& to) const override;
  [[nodiscard]] UdpEndpoint local() const override { return local_; }
  [[nodiscard]] Instant next_deadline() const override {
    return is_polled ? kNever : arriving_.next_arrival();
  }
  [[nodiscard]] Instant next_arrival() const { return arriving_.next_arrival(); }
  // As a real port: nothing announces a datagram, whoever polls finds it.
  bool is_polled = false;

  [[nodiscard]] std::uint64_t bytes_sent() const { return bytes_sent_; }
  // Since the last call.
  [[nodiscard]] std::size_t take_largest_sent() { return std::exchange(largest_sent_, 0); }

 private:
  UdpEndpoint local_;
  std::size_t max_payload_;
  MemoryPort* peer_ = nullptr;
  Impairment* outgoing_ = nullptr;
  DelayQueue arriving_;
  std::vector<std::byte> scratch_;
  Instant reserved_at_{};
  std::size_t committed_ = 0;
  std::uint64_t bytes_sent_ = 0;
  std::size_t largest_sent_ = 0;
};

}  // namespace usbgw::simulation
