#include "dataplane/dpdk/device.h"

#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include <algorithm>
#include <cstring>

#include "dataplane/dpdk/ring_pair.h"

namespace usbgw::dpdk {
namespace {

constexpr std::uint64_t kUdpTransmitOffloads =
    RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM;
constexpr std::uint64_t kUdpReceiveOffloads =
    RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM;
constexpr std::uint16_t kDescriptors = 1024;
constexpr std::uint16_t kTapDescriptors = 512;  // the driver fills that many buffers ahead

tl::unexpected<Error> refuse(Eal& eal, const PortConfig& config, const std::string& what,
                             int error) {
  const auto said = eal.take_log();
  return fail(ErrorCode::unavailable, "port " + config.spec.to_string() + ": " + what + ": " +
                                          rte_strerror(error < 0 ? -error : error) +
                                          (said.empty() ? "" : " (" + said + ")"));
}

// Virtual devices compute nothing in hardware; several claim to and do it in software, badly
// placed.
rte_eth_conf configuration_for(const PortConfig& config, const rte_eth_dev_info& info) {
  rte_eth_conf conf{};
  if (config.spec.type != PortType::pci) return conf;
  if ((info.tx_offload_capa & kUdpTransmitOffloads) == kUdpTransmitOffloads)
    conf.txmode.offloads = kUdpTransmitOffloads;
  conf.rxmode.offloads = info.rx_offload_capa & kUdpReceiveOffloads;
  conf.rxmode.mtu = static_cast<std::uint32_t>(config.mtu);
  return conf;
}

// Locally administered, from our first address: the same at every start. net_ring has none; a tap
// device's belongs to the kernel's end.
wire::MacAddress mac_for(const PortConfig& config) {
  const auto& ip = config.networks.front().address.bytes();
  return {{0x02, 0x75, ip[12], ip[13], ip[14], ip[15]}};
}

}  // namespace

Device::Device(std::uint16_t port_id, BufferPool pool, std::unique_ptr<RingEnd> end)
    : port_id_(port_id),
      own_pool_(std::move(pool)),
      ring_end_(std::move(end)),
      pool_(ring_end_ ? ring_end_->pool() : own_pool_.get()) {}

Result<std::unique_ptr<Device>> Device::start(Eal& eal, const PortConfig& config,
                                              std::uint16_t port_id, BufferPool pool) {
  std::unique_ptr<Device> device(new Device(port_id, std::move(pool), nullptr));
  if (auto configured = device->configure(eal, config); !configured)
    return tl::unexpected(configured.error());
  return device;
}

Result<std::unique_ptr<Device>> Device::start_ring(Eal& eal, const PortConfig& config,
                                                   std::uint16_t port_id,
                                                   std::unique_ptr<RingEnd> end) {
  std::unique_ptr<Device> device(new Device(port_id, nullptr, std::move(end)));
  if (auto configured = device->configure(eal, config); !configured)
    return tl::unexpected(configured.error());
  return device;
}

Device::~Device() {
  rte_eth_dev_stop(port_id_);
  rte_eth_dev_close(port_id_);
}

Result<void> Device::configure(Eal& eal, const PortConfig& config) {
  rte_eth_dev_info info{};
  if (const int error = rte_eth_dev_info_get(port_id_, &info); error != 0)
    return refuse(eal, config, "asking the driver", error);
  driver_ = info.driver_name;
  if (config.spec.type == PortType::pci && config.mtu > info.max_mtu)
    return fail(ErrorCode::invalid_argument,
                "port " + config.spec.to_string() + ": mtu = " + std::to_string(config.mtu) +
                    " is above this NIC's " + std::to_string(info.max_mtu));
  const auto conf = configuration_for(config, info);
  offloads_udp_ = conf.txmode.offloads != 0;
  if (const int error = rte_eth_dev_configure(port_id_, 1, 1, &conf); error != 0)
    return refuse(eal, config, "configuring with mtu " + std::to_string(config.mtu), error);
  std::uint16_t receive = config.spec.type == PortType::tap ? kTapDescriptors : kDescriptors;
  std::uint16_t transmit = receive;
  rte_eth_dev_adjust_nb_rx_tx_desc(port_id_, &receive, &transmit);
  const auto socket = static_cast<unsigned>(SOCKET_ID_ANY);
  if (const int error = rte_eth_rx_queue_setup(port_id_, 0, receive, socket, nullptr, pool_))
    return refuse(eal, config, "making the receive queue", error);
  if (const int error = rte_eth_tx_queue_setup(port_id_, 0, transmit, socket, nullptr))
    return refuse(eal, config, "making the transmit queue", error);
  needs_server_ = config.spec.type == PortType::memif && !config.spec.memif_server;
  const int error = rte_eth_dev_start(port_id_);
  is_started_ = error == 0;
  if (!is_started_ && !needs_server_) return refuse(eal, config, "starting", error);
  // For neighbour solicitations, which come to multicast addresses of ours.
  if (rte_eth_allmulticast_enable(port_id_) != 0)
    static_cast<void>(rte_eth_promiscuous_enable(port_id_));
  rte_ether_addr address{};
  static_cast<void>(rte_eth_macaddr_get(port_id_, &address));
  std::memcpy(mac_.bytes.data(), address.addr_bytes, mac_.bytes.size());
  if (mac_.is_zero() || config.spec.type == PortType::tap) mac_ = mac_for(config);
  static_cast<void>(eal.take_log());  // warnings of a start that succeeded
  return {};
}

// memif's client connects when it starts, and not again (rte_eth_memif.c: memif_dev_start).
void Device::reconnect() {
  if (is_started_) static_cast<void>(rte_eth_dev_stop(port_id_));
  is_started_ = rte_eth_dev_start(port_id_) == 0;
}

std::size_t Device::receive(std::span<rte_mbuf*> burst) {
  if (!is_started_) return 0;
  return rte_eth_rx_burst(port_id_, 0, burst.data(), static_cast<std::uint16_t>(burst.size()));
}

std::size_t Device::transmit(std::span<rte_mbuf*> burst) {
  if (!is_started_) return 0;
  auto count = static_cast<std::uint16_t>(burst.size());
  if (offloads_udp_) {
    count = rte_eth_tx_prepare(port_id_, 0, burst.data(), count);
    // The driver will never take the first: it must not hold up what stands behind it.
    if (count == 0) {
      discard(burst.first(1));
      return 1;
    }
  }
  return rte_eth_tx_burst(port_id_, 0, burst.data(), count);
}

rte_mbuf* Device::allocate() {
  return rte_pktmbuf_alloc(pool_);
}

void Device::release(std::span<rte_mbuf*> received) {
  if (received.empty()) return;
  if (ring_end_)
    ring_end_->send_home(received);
  else
    rte_pktmbuf_free_bulk(received.data(), static_cast<unsigned>(received.size()));
}

void Device::discard(std::span<rte_mbuf*> own) {
  rte_pktmbuf_free_bulk(own.data(), static_cast<unsigned>(own.size()));
}

void Device::collect() {
  if (ring_end_) ring_end_->collect();
}

bool Device::link_up() const {
  rte_eth_link link{};
  return rte_eth_link_get_nowait(port_id_, &link) == 0 && link.link_status == RTE_ETH_LINK_UP;
}

DriverStats Device::stats() const {
  rte_eth_stats raw{};
  if (rte_eth_stats_get(port_id_, &raw) != 0) return {};
  return {.received = raw.ipackets,
          .sent = raw.opackets,
          .missed = raw.imissed,
          .receive_errors = raw.ierrors,
          .transmit_errors = raw.oerrors,
          .no_buffer = raw.rx_nombuf};
}

}  // namespace usbgw::dpdk
