#include "dataplane/dpdk/ring_pair.h"

#include <rte_errno.h>
#include <rte_eth_ring.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include <array>

#include "common/assertion.h"
#include "dataplane/dpdk/eal.h"

namespace usbgw::dpdk {
namespace {

// Frames on their way; a sender sees a full ring as a busy port.
constexpr unsigned kFramesUnderWay = 512;
// Buffers freed at once by collect().
constexpr unsigned kCollectBurst = 64;

struct RingDeleter {
  void operator()(rte_ring* ring) const { rte_ring_free(ring); }
};
using Ring = std::unique_ptr<rte_ring, RingDeleter>;

Ring make_ring(const std::string& name, unsigned size) {
  return Ring(rte_ring_create(name.c_str(), size, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ));
}

}  // namespace

class RingLink {
 public:
  struct Side {
    BufferPool pool;
    Ring frames;  // sent by this side
    Ring home;    // this side's buffers on their way back to it
  };
  std::array<Side, 2> sides;

  RingLink() = default;
  RingLink(const RingLink&) = delete;
  RingLink& operator=(const RingLink&) = delete;
  // Frees the pools with what is still under way: the buffers live in them.
  ~RingLink() = default;
};

rte_mempool* RingEnd::pool() const {
  return link_->sides[side_].pool.get();
}

void RingEnd::send_home(std::span<rte_mbuf*> buffers) {
  const auto count = static_cast<unsigned>(buffers.size());
  rte_ring* home = link_->sides[1 - side_].home.get();
  const unsigned sent =
      rte_ring_sp_enqueue_bulk(home, reinterpret_cast<void**>(buffers.data()), count, nullptr);
  USBGW_ASSERT(sent == count);  // the ring holds the whole pool
}

void RingEnd::collect() {
  std::array<rte_mbuf*, kCollectBurst> buffers;
  rte_ring* home = link_->sides[side_].home.get();
  // Bounded: at most the whole pool comes home.
  for (unsigned count = kCollectBurst; count == kCollectBurst;) {
    count = rte_ring_sc_dequeue_burst(home, reinterpret_cast<void**>(buffers.data()), kCollectBurst,
                                      nullptr);
    if (count != 0) rte_pktmbuf_free_bulk(buffers.data(), count);
  }
}

Result<std::pair<RingPorts, RingPorts>> make_ring_link(Eal& eal, const PoolGeometry& first,
                                                       const PoolGeometry& second) {
  const auto no_memory = [] {
    return fail(ErrorCode::exhausted, "port ring: not enough memory for its buffers (" +
                                          std::string(rte_strerror(rte_errno)) + ")");
  };
  auto link = std::make_shared<RingLink>();
  const std::string name = "usbgw-ring" + std::to_string(eal.next_name());
  for (std::size_t i = 0; i < 2; ++i) {
    const auto& geometry = i == 0 ? first : second;
    const std::string side = name + (i == 0 ? "a" : "b");
    link->sides[i].pool = make_pool(side, geometry);
    link->sides[i].frames = make_ring(side + "-frames", kFramesUnderWay);
    link->sides[i].home = make_ring(side + "-home", 2 * geometry.buffers);
    if (!link->sides[i].pool || !link->sides[i].frames || !link->sides[i].home) return no_memory();
  }
  std::array<RingPorts, 2> ports{};
  for (std::size_t i = 0; i < 2; ++i) {
    rte_ring* in = link->sides[1 - i].frames.get();
    rte_ring* out = link->sides[i].frames.get();
    const std::string side = name + (i == 0 ? "a" : "b");
    const int id = rte_eth_from_rings(side.c_str(), &in, 1, &out, 1, 0);
    if (id < 0) return no_memory();
    ports[i] = {.port_id = static_cast<std::uint16_t>(id),
                .end = std::make_unique<RingEnd>(link, i)};
  }
  return std::pair{std::move(ports[0]), std::move(ports[1])};
}

}  // namespace usbgw::dpdk
