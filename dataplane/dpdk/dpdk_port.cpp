#include "dataplane/dpdk/dpdk_port.h"

#include <rte_mbuf.h>

#include <algorithm>
#include <cstring>

#include "common/assertion.h"
#include "dataplane/dpdk/kernel_neighbours.h"
#include "dataplane/dpdk/kernel_socket.h"

namespace usbgw::dpdk {
namespace {

constexpr Duration kLinkCheckInterval = std::chrono::milliseconds(100);
// A server that is not there yet is asked for soon: what it brings is ready as soon as it is.
constexpr Duration kConnectInterval = std::chrono::milliseconds(100);
// One that has taken the connection: much longer than memif's handshake takes.
constexpr Duration kHandshakeLimit = std::chrono::seconds(1);

EdgeConfig edge_config(const PortConfig& config, const Device& device) {
  return {
      .mac = device.mac(),
      .networks = config.networks,
      .gateways = config.gateways,
      .udp_port = config.udp_port,
      .mtu = config.mtu,
      .marking = config.marking,
      .routing = config.spec.type == PortType::af_xdp ? Routing::by_kernel : Routing::by_networks};
}

FrameFacts facts_of(const rte_mbuf& buffer) {
  FrameFacts facts;
  if ((buffer.ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) != 0) facts.stripped_vlan = buffer.vlan_tci;
  const auto checksum = buffer.ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
  // NONE: the bytes are known good though the field is not filled (virtio between guests).
  facts.udp_checksum_good =
      checksum == RTE_MBUF_F_RX_L4_CKSUM_GOOD || checksum == RTE_MBUF_F_RX_L4_CKSUM_NONE;
  return facts;
}

std::span<std::byte> bytes_of(rte_mbuf* buffer) {
  return {rte_pktmbuf_mtod(buffer, std::byte*), rte_pktmbuf_data_len(buffer)};
}

void request_offload(rte_mbuf& buffer, const DatagramRoute& route) {
  const bool v4 = route.ip.destination.is_v4();
  buffer.tx_offload =
      rte_mbuf_tx_offload(route.link.bytes(), route.ip.bytes(), wire::kUdpHeaderBytes, 0, 0, 0, 0);
  // The IPv4 header's own checksum is already there; the NIC need not repeat it.
  buffer.ol_flags |= RTE_MBUF_F_TX_UDP_CKSUM | (v4 ? RTE_MBUF_F_TX_IPV4 : RTE_MBUF_F_TX_IPV6);
}

}  // namespace

DpdkPort::DpdkPort(const PortConfig& config, std::unique_ptr<Device> device,
                   std::unique_ptr<KernelNeighbours> oracle)
    : config_(config),
      oracle_(std::move(oracle)),
      device_(std::move(device)),
      edge_(edge_config(config_, *device_), oracle_.get()) {}

DpdkPort::~DpdkPort() {
  release();
  abandon();
  device_->discard({pending_.data(), pending_count_});
}

std::size_t DpdkPort::receive(std::span<session::ReceivedDatagram> burst, Instant now) {
  USBGW_ASSERT(held_count_ == 0);
  device_->collect();
  run_timers(now);
  std::array<rte_mbuf*, kBurst> buffers;
  const auto count = device_->receive(std::span(buffers).first(std::min(burst.size(), kBurst)));
  if (std::exchange(is_announced_, false) && count == 0) clear_error(*device_->socket());
  for (std::size_t i = 0; i < count; ++i) {
    if (take(buffers[i], burst[held_count_], now))
      held_[held_count_++] = buffers[i];
    else
      device_->release({&buffers[i], 1});
  }
  return held_count_;
}

bool DpdkPort::take(rte_mbuf* buffer, session::ReceivedDatagram& datagram, Instant now) {
  if (buffer->nb_segs != 1) {
    edge_.counters().add(PortCounter::drop_segmented);
    return false;
  }
  const auto received = edge_.receive(bytes_of(buffer), facts_of(*buffer), now, *this);
  if (received) datagram = *received;
  return received.has_value();
}

void DpdkPort::release() {
  device_->release({held_.data(), held_count_});
  held_count_ = 0;
}

std::span<std::byte> DpdkPort::reserve(const UdpEndpoint& to, Instant now) {
  USBGW_ASSERT(reserved_ == nullptr);
  reserved_route_ = edge_.route(to, now);
  if (reserved_route_ == nullptr || !has_room()) return {};
  reserved_ = device_->allocate();
  if (reserved_ == nullptr) {
    edge_.counters().add(PortCounter::drop_no_buffer);
    return {};
  }
  const std::size_t header_bytes = reserved_route_->header_bytes();
  return {rte_pktmbuf_mtod_offset(reserved_, std::byte*, header_bytes), edge_.max_payload(to)};
}

// The class chooses nothing yet: one marking serves all traffic.
void DpdkPort::commit(std::size_t bytes, qos::TrafficClass) {
  USBGW_ASSERT(reserved_ != nullptr && bytes <= edge_.max_payload(reserved_route_->to));
  const std::size_t frame_bytes = reserved_route_->header_bytes() + bytes;
  reserved_->data_len = static_cast<std::uint16_t>(frame_bytes);
  reserved_->pkt_len = static_cast<std::uint32_t>(frame_bytes);
  const bool offload = device_->offloads_udp();
  write_headers(*reserved_route_, bytes_of(reserved_),
                offload ? UdpChecksum::pseudo_header : UdpChecksum::compute);
  if (offload) request_offload(*reserved_, *reserved_route_);
  edge_.counters().add(PortCounter::datagrams_sent);
  queue(reserved_);
  reserved_ = nullptr;
}

void DpdkPort::abandon() {
  if (reserved_ != nullptr) device_->discard({&reserved_, 1});
  reserved_ = nullptr;
}

std::size_t DpdkPort::flush(Instant now) {
  run_timers(now);
  return transmit_pending();
}

std::span<std::byte> DpdkPort::claim(std::size_t bytes) {
  USBGW_ASSERT(claimed_ == nullptr);
  if (!has_room()) return {};
  claimed_ = device_->allocate();
  if (claimed_ == nullptr) return {};
  char* room = rte_pktmbuf_append(claimed_, static_cast<std::uint16_t>(bytes));
  if (room == nullptr) {
    device_->discard({&claimed_, 1});
    claimed_ = nullptr;
    return {};
  }
  std::memset(room, 0, bytes);
  return bytes_of(claimed_);
}

void DpdkPort::send() {
  queue(claimed_);
  claimed_ = nullptr;
}

bool DpdkPort::has_room() {
  if (pending_count_ == kPending) transmit_pending();
  if (pending_count_ < kPending) return true;
  edge_.counters().add(PortCounter::transmit_blocked);
  return false;
}

void DpdkPort::queue(rte_mbuf* buffer) {
  pending_[pending_count_++] = buffer;
}

std::size_t DpdkPort::transmit_pending() {
  if (pending_count_ == 0) return 0;
  std::uint64_t bytes = 0;
  std::array<std::uint32_t, kPending> lengths;
  for (std::size_t i = 0; i < pending_count_; ++i) lengths[i] = pending_[i]->pkt_len;
  const auto sent = device_->transmit({pending_.data(), pending_count_});
  for (std::size_t i = 0; i < sent; ++i) bytes += lengths[i];
  std::copy(pending_.begin() + static_cast<std::ptrdiff_t>(sent),
            pending_.begin() + static_cast<std::ptrdiff_t>(pending_count_), pending_.begin());
  pending_count_ -= sent;
  edge_.counters().add(PortCounter::frames_sent, sent);
  edge_.counters().add(PortCounter::bytes_sent, bytes);
  return sent;
}

void DpdkPort::run_timers(Instant now) {
  if (now >= link_check_) watch_link(now);
  if (now >= edge_.next_deadline()) edge_.run_timers(now, *this);
  if (oracle_) oracle_->deliver(edge_, now);
}

// Until the link is up (a memif peer may still be missing), then announces our addresses once; as
// long as it runs where the link can be lost with its server.
void DpdkPort::watch_link(Instant now) {
  const bool is_up = device_->link_up();
  const bool was_up = link_is_up_.exchange(is_up, std::memory_order_relaxed);
  const bool is_final = is_up && !device_->needs_server();
  link_check_ = is_final ? kNever : now + kLinkCheckInterval;
  if (is_up && !was_up && !oracle_) edge_.announce(*this);
  if (device_->needs_server()) seek_server(is_up, now);
}

void DpdkPort::seek_server(bool is_found, Instant now) {
  if (is_found) {
    reconnect_at_ = kNever;
    return;
  }
  if (reconnect_at_ != kNever && now < reconnect_at_) return;
  if (reconnect_at_ != kNever) device_->reconnect();
  reconnect_at_ = now + (device_->is_started() ? kHandshakeLimit : kConnectInterval);
}

std::size_t DpdkPort::counters(std::span<std::uint64_t> values) const {
  const std::size_t count = std::min(values.size(), kPortCounters);
  for (std::size_t i = 0; i < count; ++i) values[i] = counters()[static_cast<PortCounter>(i)];
  return count;
}

// Frames that the driver did not take are offered again in the next turn.
bool DpdkPort::must_poll() const {
  return !device_->socket() || pending_count_ > 0 || (oracle_ && oracle_->is_asking());
}

void DpdkPort::on_ready() {
  is_announced_ = true;
}

Instant DpdkPort::next_deadline() const {
  return std::min(link_check_, edge_.next_deadline());
}

}  // namespace usbgw::dpdk
