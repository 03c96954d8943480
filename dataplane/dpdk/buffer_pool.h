// The mbuf pool of one port queue. One thread takes and returns buffers, so it is a
// single-producer, single-consumer ring without per-lcore caches: DPDK's default multi-producer
// rings stall for ever when a real-time thread preempts another in the middle of one (design:
// buffers come home by ring).
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "dataplane/dpdk/port_config.h"

struct rte_mempool;

namespace usbgw::dpdk {

struct PoolGeometry {
  unsigned buffers;
  std::uint16_t room;  // bytes in one buffer, DPDK's headroom included
};
// What the port's type and MTU need.
[[nodiscard]] PoolGeometry pool_geometry(const PortConfig& config);
// Memory for it, DPDK's headers included.
[[nodiscard]] std::size_t pool_bytes(const PoolGeometry& geometry);

struct PoolDeleter {
  void operator()(rte_mempool* pool) const;
};
using BufferPool = std::unique_ptr<rte_mempool, PoolDeleter>;

// Null when memory does not suffice.
[[nodiscard]] BufferPool make_pool(const std::string& name, const PoolGeometry& geometry);

}  // namespace usbgw::dpdk
