#include "dataplane/dpdk/buffer_pool.h"

#include <rte_mbuf.h>

#include <bit>

#include "wire/ethernet.h"

namespace usbgw::dpdk {
namespace {

constexpr std::size_t kFrameCheckBytes = 4;
// The af_packet driver wants a whole ring frame to fit, memif takes the peer's buffers whole.
constexpr std::uint16_t kSharedRingFrame = 16384;
// An af_xdp chunk is the whole mempool object and must fit a page; the kernel keeps 256 bytes of it
// (XDP_PACKET_HEADROOM) in front of the frame.
constexpr std::size_t kXdpPage = 4096;
constexpr std::size_t kObjectHeaders = RTE_CACHE_LINE_SIZE + sizeof(rte_mbuf);
static_assert(sizeof(rte_mempool_objhdr) <= RTE_CACHE_LINE_SIZE, "it is padded to a cache line");
// The driver takes 2 rings of 2048 at start: "Failed to get enough buffers" with 4096.
constexpr unsigned kXdpBuffers = 8192;

std::uint16_t room_for_mtu(std::size_t mtu) {
  return static_cast<std::uint16_t>(RTE_PKTMBUF_HEADROOM + wire::kEthernetHeaderBytes +
                                    wire::kVlanTagBytes + mtu + kFrameCheckBytes);
}

// Drivers count room of their own into a frame (virtio's header: 12 bytes), and e1000's know only
// powers of two: with less a frame comes in pieces.
std::uint16_t room_for_nic(std::size_t mtu) {
  constexpr std::size_t kLinkAndDriverBytes = 64;
  return static_cast<std::uint16_t>(RTE_PKTMBUF_HEADROOM +
                                    std::bit_ceil(mtu + kLinkAndDriverBytes));
}

}  // namespace

PoolGeometry pool_geometry(const PortConfig& config) {
  switch (config.spec.type) {
    case PortType::af_packet:
    case PortType::memif:
      return {.buffers = 512, .room = kSharedRingFrame + RTE_PKTMBUF_HEADROOM};
    case PortType::af_xdp:
      return {.buffers = kXdpBuffers,
              .room = static_cast<std::uint16_t>(kXdpPage - kObjectHeaders)};
    case PortType::tap:
      return {.buffers = 2048, .room = room_for_mtu(config.mtu)};
    case PortType::ring:
      return {.buffers = 1024, .room = room_for_mtu(config.mtu)};
    case PortType::pci:
      break;
  }
  // Receive and transmit descriptors (1024 each) stay filled; twice that leaves room for bursts.
  return {.buffers = 4096, .room = room_for_nic(config.mtu)};
}

std::size_t pool_bytes(const PoolGeometry& geometry) {
  constexpr std::size_t kAlignment = 2 * RTE_CACHE_LINE_SIZE;  // and channel spreading
  return geometry.buffers * (geometry.room + kObjectHeaders + kAlignment);
}

void PoolDeleter::operator()(rte_mempool* pool) const {
  rte_mempool_free(pool);
}

// rte_pktmbuf_pool_create_by_ops() step by step, without the padding that spreads objects over
// memory channels: it would push an af_xdp object over its page.
BufferPool make_pool(const std::string& name, const PoolGeometry& geometry) {
  const unsigned element = static_cast<unsigned>(sizeof(rte_mbuf)) + geometry.room;
  BufferPool pool(rte_mempool_create_empty(name.c_str(), geometry.buffers - 1, element, 0,
                                           sizeof(rte_pktmbuf_pool_private), SOCKET_ID_ANY,
                                           RTE_MEMPOOL_F_NO_SPREAD));
  if (!pool || rte_mempool_set_ops_byname(pool.get(), "ring_sp_sc", nullptr) != 0) return nullptr;
  rte_pktmbuf_pool_private layout{};
  layout.mbuf_data_room_size = geometry.room;
  rte_pktmbuf_pool_init(pool.get(), &layout);
  if (rte_mempool_populate_default(pool.get()) < 0) return nullptr;
  rte_mempool_obj_iter(pool.get(), rte_pktmbuf_init, nullptr);
  return pool;
}

}  // namespace usbgw::dpdk
