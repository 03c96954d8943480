// One DPDK Ethernet device with one receive and one transmit queue, and its buffers. Made and
// destroyed by the control thread; between, used by one packet worker.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "dataplane/dpdk/buffer_pool.h"
#include "dataplane/dpdk/eal.h"
#include "dataplane/dpdk/port_config.h"
#include "dataplane/dpdk/xdp_program.h"
#include "wire/ethernet.h"

struct rte_mbuf;

namespace usbgw::dpdk {

class RingEnd;

// From the driver's own counters; any thread.
struct DriverStats {
  std::uint64_t received = 0;
  std::uint64_t sent = 0;
  std::uint64_t missed = 0;  // receive ring full
  std::uint64_t receive_errors = 0;
  std::uint64_t transmit_errors = 0;
  std::uint64_t no_buffer = 0;
};

class Device {
 public:
  // `port_id` is an existing, unconfigured DPDK port, which the device owns from here on.
  [[nodiscard]] static Result<std::unique_ptr<Device>> start(Eal& eal, const PortConfig& config,
                                                             std::uint16_t port_id,
                                                             BufferPool pool);
  // An end of a ring pair: its buffers belong to the pair and come home through it.
  [[nodiscard]] static Result<std::unique_ptr<Device>> start_ring(Eal& eal,
                                                                  const PortConfig& config,
                                                                  std::uint16_t port_id,
                                                                  std::unique_ptr<RingEnd> end);
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  [[nodiscard]] std::size_t receive(std::span<rte_mbuf*> burst);
  // Frames taken; the rest stays the caller's.
  [[nodiscard]] std::size_t transmit(std::span<rte_mbuf*> burst);
  [[nodiscard]] rte_mbuf* allocate();
  void release(std::span<rte_mbuf*> received);  // what receive() gave
  void discard(std::span<rte_mbuf*> own);       // what allocate() gave and transmit() did not take
  // Buffers of ours that the other end has done with; ring pairs only.
  void collect();

  // A memif client starts without its server too, and can lose it.
  [[nodiscard]] bool needs_server() const { return needs_server_; }
  // False: it has found no server, and carries nothing.
  [[nodiscard]] bool is_started() const { return is_started_; }
  // Asks for the server again; the link comes up a little after one has answered. What the port
  // had of the last server is gone.
  void reconnect();

  // Lives as long as the device.
  void keep(XdpProgram program) { program_.emplace(std::move(program)); }
  // The kernel socket that its frames come through, if there is one: ready while some wait.
  [[nodiscard]] std::optional<int> socket() const { return socket_; }
  void set_socket(std::optional<int> socket) { socket_ = socket; }
  [[nodiscard]] bool link_up() const;
  [[nodiscard]] wire::MacAddress mac() const { return mac_; }
  [[nodiscard]] bool offloads_udp() const { return offloads_udp_; }
  [[nodiscard]] const std::string& driver() const { return driver_; }
  [[nodiscard]] DriverStats stats() const;

 private:
  Device(std::uint16_t port_id, BufferPool pool, std::unique_ptr<RingEnd> end);
  [[nodiscard]] Result<void> configure(Eal& eal, const PortConfig& config);

  std::uint16_t port_id_;
  bool offloads_udp_ = false;
  bool needs_server_ = false;
  bool is_started_ = false;
  wire::MacAddress mac_;
  std::string driver_;
  std::optional<XdpProgram> program_;
  std::optional<int> socket_;  // the driver's
  BufferPool own_pool_;
  std::unique_ptr<RingEnd> ring_end_;
  rte_mempool* pool_;
};

}  // namespace usbgw::dpdk
