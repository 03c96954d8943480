#include "usbside/host/host_attachment.h"

#include <algorithm>

#include "usbside/host/endpoint_map.h"
#include "usbside/host/sample_rate_request.h"
#include "usbside/host/stream_table.h"
#include "usbside/host/transfer_relay.h"
#include "usbside/host/urb_answerer.h"
#include "usbside/host/urb_ledger.h"
#include "wire/standard_request.h"
#include "wire/usbip_reader.h"

namespace usbgw::host {
namespace {

constexpr std::size_t kPdusPerTurn = 64;
constexpr std::size_t kReadsPerTurn = 4;

// What the guard will later demand of the echo, and what the wire format can carry.
bool is_acceptable(const wire::usbip::IsoDescriptors& packets) {
  if (packets.size() == 0) return false;
  for (std::size_t i = 0; i < packets.size(); ++i) {
    if (packets[i].length > UINT16_MAX) return false;
  }
  return packets[0].offset == 0;
}

}  // namespace

struct HostAttachment::Implementation {
  Implementation(RemoteDevice device_in, const PlayoutConfig& config_in, VhciSocket& socket_in,
                 HostAttachmentSink& sink)
      : device(std::move(device_in)),
        config(config_in),
        socket(socket_in),
        endpoints(device),
        answerer(ledger, socket),
        relay(device.attachment, ledger, answerer, sink),
        streams(StreamContext{device.attachment, config, sink, answerer, path}) {
    mark_isochronous();
  }

  std::size_t read_pdus(Instant now);
  bool take_pdu(Instant now, bool& has_taken);
  void submit(const wire::usbip::CommandPdu& pdu, const wire::usbip::Submit& submit, Instant now);
  void route(Urb& urb, const EndpointInfo* info, std::span<const std::byte> data, Instant now);
  void unlink(const wire::usbip::Unlink& unlink, Instant now);
  void before_control(const SetupPacket& setup, std::span<const std::byte> data);
  void after_control(const SetupPacket& setup, std::span<const std::byte> answer, Instant now);
  void note_rate(const SetupPacket& setup, std::span<const std::byte> data);
  void mark_isochronous();
  void break_off() { is_broken = true; }

  RemoteDevice device;
  PlayoutConfig config;
  VhciSocket& socket;
  PathEstimate path;
  EndpointMap endpoints;
  UrbLedger ledger;
  UrbAnswerer answerer;
  TransferRelay relay;
  StreamTable streams;
  wire::usbip::CommandReader reader;
  std::uint64_t submitted = 0;
  bool path_has_changed = false;
  bool is_peer_lost = false;
  bool is_broken = false;  // vhci sent what cannot be followed
};

// The reader must know which URBs carry packet descriptors.
void HostAttachment::Implementation::mark_isochronous() {
  reader.clear_isochronous();
  for (const EndpointInfo& info : endpoints.endpoints()) {
    reader.set_isochronous(info.address, info.type == TransferType::isochronous);
  }
}

std::size_t HostAttachment::Implementation::read_pdus(Instant now) {
  std::size_t taken = 0;
  std::size_t reads = 0;
  bool may_have_more = true;
  while (taken < kPdusPerTurn && !is_broken) {
    bool has_taken = false;
    if (!take_pdu(now, has_taken)) break;
    if (has_taken) {
      ++taken;
      continue;
    }
    if (!may_have_more || ++reads > kReadsPerTurn) break;
    const auto room = reader.room();
    const std::size_t bytes = socket.read(room);
    reader.commit(bytes);
    may_have_more = bytes == room.size();  // else the socket was empty a moment ago
    if (bytes == 0) break;
  }
  return taken;
}

// False when the stream cannot be followed further.
bool HostAttachment::Implementation::take_pdu(Instant now, bool& has_taken) {
  const auto next = reader.next();
  if (!next) {
    break_off();
    return false;
  }
  if (!*next) return true;
  has_taken = true;
  const auto& pdu = **next;
  if (const auto* command = std::get_if<wire::usbip::Submit>(&pdu.command)) {
    submit(pdu, *command, now);
  } else {
    unlink(std::get<wire::usbip::Unlink>(pdu.command), now);
  }
  return true;
}

void HostAttachment::Implementation::submit(const wire::usbip::CommandPdu& pdu,
                                            const wire::usbip::Submit& submit, Instant now) {
  ++submitted;
  if (ledger.find(submit.seqnum) != nullptr) return break_off();
  const bool is_control = submit.endpoint.number() == 0;
  const EndpointInfo* info = is_control ? nullptr : endpoints.find(submit.endpoint);
  const TransferType type = info == nullptr ? TransferType::control : info->type;
  const bool is_isochronous = type == TransferType::isochronous;
  const bool is_refused = pdu.data_dropped || (!is_control && info == nullptr) ||
                          submit.length > wire::kMaxUrbBytes ||
                          (is_isochronous && !is_acceptable(pdu.packets));
  Urb* urb = is_refused ? nullptr : ledger.add(submit, type, now);
  if (urb == nullptr) {
    answerer.refuse(submit, UrbStatus::protocol_error);
    return;
  }
  for (std::size_t i = 0; is_isochronous && i < pdu.packets.size(); ++i) {
    urb->packets.push_back({pdu.packets[i].offset, pdu.packets[i].length});
  }
  route(*urb, info, pdu.data, now);
}

void HostAttachment::Implementation::route(Urb& urb, const EndpointInfo* info,
                                           std::span<const std::byte> data, Instant now) {
  if (is_peer_lost) {
    answerer.fail(urb, UrbStatus::no_device);
  } else if (info != nullptr && (info->is_polled || info->type == TransferType::isochronous)) {
    streams.obtain(*info, urb).submit(urb, data, now);
  } else {
    if (info == nullptr) before_control(urb.submit.setup, data);
    relay.submit(urb, data);
  }
}

void HostAttachment::Implementation::unlink(const wire::usbip::Unlink& unlink, Instant now) {
  Urb* urb = ledger.find(unlink.unlink_seqnum);
  if (urb == nullptr) {
    answerer.unlink_nothing(unlink.seqnum);
  } else if (urb->state == UrbState::unlinking) {
    break_off();  // usbcore unlinks an URB once
  } else if (urb->transaction != TransactionId{}) {
    relay.unlink(*urb, unlink.seqnum);
  } else {
    streams.find(urb->submit.endpoint)->unlink(*urb, unlink.seqnum, now);
  }
}

void HostAttachment::Implementation::note_rate(const SetupPacket& setup,
                                               std::span<const std::byte> data) {
  const auto rate = SampleRateRequest::of(setup, data);
  if (rate.kind == SampleRateRequest::Kind::none) return;
  if (rate.kind == SampleRateRequest::Kind::endpoint) {
    endpoints.set_endpoint_rate(rate.endpoint, rate.hertz);
  } else {
    endpoints.set_clock_rate(rate.hertz);
  }
  for (const EndpointInfo& info : endpoints.endpoints()) {
    if (auto* stream = streams.find(info.address)) stream->rate_changed(info.sample_rate);
  }
}

// Streams end before the agent hears of the change: no transfer may be in flight across it.
void HostAttachment::Implementation::before_control(const SetupPacket& setup,
                                                    std::span<const std::byte> data) {
  note_rate(setup, data);
  using wire::StandardRequest;
  const auto request = StandardRequest::of(setup);
  if (request.kind == StandardRequest::Kind::set_configuration) {
    streams.retire_all(UrbStatus::shutdown);
  } else if (request.kind == StandardRequest::Kind::set_interface) {
    streams.retire_interface(request.interface, UrbStatus::shutdown);
  }
}

void HostAttachment::Implementation::after_control(const SetupPacket& setup,
                                                   std::span<const std::byte> answer, Instant now) {
  note_rate(setup, answer);
  using wire::StandardRequest;
  const auto request = StandardRequest::of(setup);
  if (request.kind == StandardRequest::Kind::set_configuration) {
    endpoints.set_configuration(request.value);
    mark_isochronous();
  } else if (request.kind == StandardRequest::Kind::set_interface) {
    endpoints.set_interface(request.interface, request.value);
    mark_isochronous();
  } else if (request.kind == StandardRequest::Kind::clear_halt) {
    if (auto* stream = streams.find(request.endpoint)) stream->flush(now);
  }
}

HostAttachment::HostAttachment(RemoteDevice device, const PlayoutConfig& config, VhciSocket& socket,
                               HostAttachmentSink& sink)
    : implementation_(std::make_unique<Implementation>(std::move(device), config, socket, sink)) {}

HostAttachment::~HostAttachment() = default;

std::size_t HostAttachment::turn(Instant now) {
  Implementation& self = *implementation_;
  if (is_closed()) return 0;
  const std::size_t flushed = self.socket.flush() > 0 ? 1 : 0;
  if (std::exchange(self.path_has_changed, false)) self.streams.path_changed(now);
  const std::size_t taken = self.read_pdus(now);
  return flushed + taken + self.streams.turn(now);
}

Instant HostAttachment::next_deadline() const {
  return is_closed() ? kNever : implementation_->streams.next_deadline();
}

void HostAttachment::receive(wire::UrbReply&& reply, Instant now) {
  Implementation& self = *implementation_;
  Urb* urb = self.relay.find(reply);
  if (urb == nullptr) return;
  const SetupPacket setup = urb->submit.setup;
  const bool is_done_control = urb->type == TransferType::control && reply.status == UrbStatus::ok;
  // First what the next URB will need, then the answer that lets the driver send it.
  if (is_done_control) self.after_control(setup, reply.data, now);
  self.relay.answer(*urb, reply);
}

void HostAttachment::stream_opened(const wire::StreamOpened& opened, Instant now) {
  Implementation& self = *implementation_;
  if (opened.attachment != self.device.attachment) return;
  if (auto* stream = self.streams.find(opened.endpoint)) stream->opened(opened, now);
}

void HostAttachment::receive(const StreamItem& item, std::span<const std::byte> body, Instant now) {
  Implementation& self = *implementation_;
  if (attachment_of(item.stream) != self.device.attachment) return;
  if (auto* stream = self.streams.find(endpoint_of(item.stream))) stream->receive(item, body, now);
}

void HostAttachment::set_path(const PathEstimate& path) {
  implementation_->path = path;
  implementation_->path_has_changed = true;
}

void HostAttachment::peer_lost(Instant) {
  Implementation& self = *implementation_;
  if (std::exchange(self.is_peer_lost, true)) return;
  self.streams.abandon_all(UrbStatus::shutdown);
  while (Urb* urb = self.ledger.any()) self.relay.abandon(*urb);
}

bool HostAttachment::is_closed() const {
  const Implementation& self = *implementation_;
  return self.is_broken || self.answerer.is_broken() || self.socket.is_closed();
}

bool HostAttachment::has_live_streams() const {
  return implementation_->streams.has_live();
}

AttachmentStatus HostAttachment::status() const {
  const Implementation& self = *implementation_;
  AttachmentStatus status;
  status.urbs_submitted = self.submitted;
  status.urbs_answered = self.answerer.counts().answered;
  status.urbs_unlinked = self.answerer.counts().unlinked;
  status.completions_refused = self.answerer.counts().refused;
  self.streams.add_status(status);
  return status;
}

}  // namespace usbgw::host
