#include "dataplane/session/session.h"

#include <algorithm>

#include "common/assertion.h"
#include "dataplane/session/session_implementation.h"
#include "fec/kernel.h"

namespace usbgw::session {

Session::Implementation::Implementation(const SessionConfig& session_config,
                                        const SessionKeys& keys, StreamLink& inbound_link,
                                        StreamLink& outbound_link)
    : config(session_config),
      inbound(inbound_link),
      outbound(outbound_link),
      current(std::make_unique<ReceiveEpoch>(session_config.local_index, 0, keys.receive,
                                             keys.receive_iv)),
      blocks(inbound_link),
      scratch(inbound_link.block_bytes()),
      kept(outbound_link.block_count()),
      outbound_streams(kept, outbound_link),
      inbound_streams(blocks, counters),
      paths(session_config),
      sender(session_config, keys, outbound_link, counters) {
  USBGW_ASSERT(inbound_link.block_bytes() >= session_config.max_payload);
  USBGW_ASSERT(std::min(session_config.initial_payload, session_config.max_payload) >
               wire::kDatagramOverhead + kRepairOverhead);
}

// The links outlive the session: what it holds of them goes back.
Session::Implementation::~Implementation() {
  outbound_streams.close_all();
  inbound_streams.close_all();
  if (waiting_item) outbound.release(*waiting_item);
}

Session::Session(const SessionConfig& config, const SessionKeys& keys, StreamLink& inbound,
                 StreamLink& outbound)
    : implementation_(std::make_unique<Implementation>(config, keys, inbound, outbound)) {}

Session::~Session() = default;

bool Session::open_outbound(const StreamOptions& options) {
  OutboundStream* stream = implementation_->outbound_streams.slot_for(options.stream);
  if (stream == nullptr) return false;
  stream->open(options);
  return true;
}

bool Session::open_inbound(const StreamOptions& options) {
  InboundStream* stream = implementation_->inbound_streams.slot_for(options.stream);
  if (stream == nullptr) return false;
  stream->open(options);
  return true;
}

void Session::set_deadline(StreamId stream, StreamEpoch epoch, Duration deadline) {
  const wire::StreamKey key{stream, epoch};
  OutboundStream* const out = implementation_->outbound_streams.find(stream);
  if (out != nullptr && out->key() == key) out->set_deadline(deadline);
  InboundStream* const in = implementation_->inbound_streams.find(stream);
  if (in != nullptr && in->key() == key) in->set_deadline(deadline);
}

void Session::close_outbound(StreamId stream) {
  implementation_->outbound_streams.close(stream);
}

void Session::close_inbound(StreamId stream) {
  implementation_->inbound_streams.close(stream);
}

bool Session::wants_repair_window() {
  for (InboundStream& stream : implementation_->inbound_streams.in_use()) {
    if (!stream.wants_window()) continue;
    if (implementation_->spare_window == nullptr) return true;
    stream.take_window(std::move(implementation_->spare_window));
  }
  return false;
}

// The stream that it was made for may be closed: then it is the next one's that wants it.
void Session::give_repair_window(std::unique_ptr<fec::RepairWindow> window) {
  implementation_->spare_window = std::move(window);
  static_cast<void>(wants_repair_window());
}

std::unique_ptr<ReceiveEpoch> Session::rotate_receive(std::unique_ptr<ReceiveEpoch> next) {
  Implementation& session = *implementation_;
  session.previous_until = kNever;  // until the peer is seen to use the new one
  std::swap(session.previous, session.current);
  std::swap(session.current, next);
  return next;
}

std::unique_ptr<TransmitEpoch> Session::rotate_transmit(std::unique_ptr<TransmitEpoch> next) {
  return implementation_->sender.rotate(std::move(next));
}

bool Session::receives(SessionIndex index) const {
  const Implementation& session = *implementation_;
  return session.current->index == index ||
         (session.previous != nullptr && session.previous->index == index);
}

std::uint64_t Session::packets_under_key() const {
  return implementation_->current->packets;
}

std::uint32_t Session::receive_epoch() const {
  return implementation_->current->epoch;
}

// The tag says who sent it; the source address adds nothing.
void Session::receive(std::span<std::byte> datagram, const UdpEndpoint& /*from*/, Instant now,
                      Instant came_after, PathId path) {
  implementation_->receive(datagram, now, came_after, path);
}

std::size_t Session::transmit(const PathPorts& ports, Instant now, std::size_t max_items) {
  return implementation_->transmit(ports, now, max_items);
}

Instant Session::next_deadline() const {
  return implementation_->next_deadline();
}

const PathEstimate& Session::path() const {
  return implementation_->paths.estimate();
}

std::size_t Session::path_count() const {
  return implementation_->paths.count();
}

PathStatus Session::path_status(PathId path) const {
  const Paths& paths = implementation_->paths;
  const PathLedger::Share& share = paths.ledger.share(path);
  return {paths[path].monitor.estimate(),
          paths[path].probe.payload(),
          paths.is_answering(path),
          share.first,
          share.compared,
          share.lost};
}

std::size_t Session::max_source_bytes() const {
  return source_bytes_in(path_payload());
}

std::size_t Session::path_payload() const {
  return implementation_->paths.payload();
}

const SessionCounters& Session::counters() const {
  return implementation_->counters;
}

const SessionConfig& Session::config() const {
  return implementation_->config;
}

std::unique_ptr<fec::RepairWindow> make_repair_window(std::size_t max_payload) {
  return std::make_unique<fec::RepairWindow>(fec::kernels().front(), max_payload, kWaitingRepairs);
}

std::optional<SessionIndex> peek_session_index(std::span<const std::byte> datagram) {
  const auto header = wire::DatagramHeader::decode(datagram);
  if (!header) return std::nullopt;
  return SessionIndex{header->session};
}

}  // namespace usbgw::session
