// A DPDK port queue as the session sees it: bursts in and out of mbufs, the network edge between.
// Payloads are written and read in the mbufs themselves. One packet worker; stats() any thread.
#pragma once

#include <array>
#include <atomic>
#include <memory>

#include "dataplane/dpdk/device.h"
#include "dataplane/dpdk/network_edge.h"
#include "dataplane/session/datagram_port.h"

namespace usbgw::dpdk {

class KernelNeighbours;

class DpdkPort final : public session::DatagramPort, private FrameSink {
 public:
  // `oracle` is null unless the kernel keeps the neighbours.
  DpdkPort(const PortConfig& config, std::unique_ptr<Device> device,
           std::unique_ptr<KernelNeighbours> oracle);
  ~DpdkPort() override;
  DpdkPort(const DpdkPort&) = delete;
  DpdkPort& operator=(const DpdkPort&) = delete;

  std::size_t receive(std::span<session::ReceivedDatagram> burst, Instant now) override;
  void release() override;
  std::span<std::byte> reserve(const UdpEndpoint& to, Instant now) override;
  void commit(std::size_t bytes, qos::TrafficClass traffic_class) override;
  void abandon() override;
  std::size_t flush(Instant now) override;
  [[nodiscard]] std::size_t max_payload(const UdpEndpoint& to) const override {
    return edge_.max_payload(to);
  }
  [[nodiscard]] UdpEndpoint local() const override { return edge_.local(); }
  [[nodiscard]] Instant next_deadline() const override;
  [[nodiscard]] std::optional<int> descriptor() const override { return device_->socket(); }
  [[nodiscard]] bool must_poll() const override;
  void on_ready() override;

  [[nodiscard]] std::size_t counters(std::span<std::uint64_t> values) const override;
  [[nodiscard]] std::string_view counter_name(std::size_t index) const override {
    return describe(static_cast<PortCounter>(index)).name;
  }
  // The worker's own; it copies them out.
  [[nodiscard]] const PortCounters& counters() const { return edge_.counters(); }
  [[nodiscard]] DriverStats driver_stats() const { return device_->stats(); }
  [[nodiscard]] wire::MacAddress mac() const { return device_->mac(); }
  [[nodiscard]] const std::string& driver() const { return device_->driver(); }
  [[nodiscard]] const PortConfig& config() const { return config_; }
  // A memif client: before the worker runs, whether the server was there; from then on, by any
  // thread, whether the link is up.
  [[nodiscard]] bool needs_server() const { return device_->needs_server(); }
  [[nodiscard]] bool found_server() const { return device_->is_started(); }
  [[nodiscard]] bool is_link_up() const { return link_is_up_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::size_t kBurst = 32;
  static constexpr std::size_t kPending = 64;

  [[nodiscard]] std::span<std::byte> claim(std::size_t bytes) override;
  void send() override;
  [[nodiscard]] bool take(rte_mbuf* buffer, session::ReceivedDatagram& datagram, Instant now);
  [[nodiscard]] bool has_room();
  void queue(rte_mbuf* buffer);
  std::size_t transmit_pending();
  void run_timers(Instant now);
  void watch_link(Instant now);
  void seek_server(bool is_found, Instant now);

  PortConfig config_;
  // Declared before the edge, which asks it, and after nothing that it needs.
  std::unique_ptr<KernelNeighbours> oracle_;
  std::unique_ptr<Device> device_;
  NetworkEdge edge_;
  std::array<rte_mbuf*, kBurst> held_{};
  std::size_t held_count_ = 0;
  std::array<rte_mbuf*, kPending> pending_{};
  std::size_t pending_count_ = 0;
  rte_mbuf* reserved_ = nullptr;
  const DatagramRoute* reserved_route_ = nullptr;
  rte_mbuf* claimed_ = nullptr;
  bool is_announced_ = false;  // the descriptor was ready, and nothing has been received since
  Instant link_check_{};       // kNever once the link was seen up, and cannot be lost
  Instant reconnect_at_ = kNever;
  std::atomic<bool> link_is_up_{false};
};

}  // namespace usbgw::dpdk
