#include "node/host_control.h"

#include <algorithm>

#include "wire/session_codec.h"

namespace usbgw::node {
namespace {

constexpr Duration kRetryFloor = std::chrono::milliseconds(500);
constexpr Duration kRetryCeiling = std::chrono::seconds(10);
constexpr Duration kRequestTimeout = std::chrono::seconds(15);
constexpr Duration kEnumerationTimeout = std::chrono::seconds(10);
constexpr Duration kUnplugTimeout = std::chrono::seconds(10);
constexpr Duration kPortPoll = std::chrono::milliseconds(20);

}  // namespace

std::string_view to_string(AttachmentPhase phase) {
  switch (phase) {
    case AttachmentPhase::waiting:
      return "waiting";
    case AttachmentPhase::requested:
      return "requested";
    case AttachmentPhase::plugging:
      return "plugging";
    case AttachmentPhase::enumerating:
      return "enumerating";
    case AttachmentPhase::live:
      return "live";
    case AttachmentPhase::unplugging:
      return "unplugging";
    case AttachmentPhase::failed:
      return "failed";
    case AttachmentPhase::ended:
      return "ended";
  }
  return "unknown";
}

struct HostControl::Peer {
  std::string name;
  std::unique_ptr<PeerSession> session;
  bool usb_added = false;   // the USB worker knows the session
  bool is_leaving = false;  // closed; attachments, then the session, are being taken down
  Instant next_try{};
  Duration retry = kRetryFloor;
  std::string error;
  session::SessionCounters counters;
  PathEstimate path;
  std::size_t path_payload = 0;
  std::unique_ptr<std::vector<wire::ExportInfo>> exports;
  bool exports_wanted = false;
};

struct HostControl::Record {
  AttachmentHandle handle;
  WantedAttachment wanted;
  Peer* peer = nullptr;
  AttachmentPhase phase = AttachmentPhase::waiting;
  std::string error;
  std::uint64_t request = 0;
  host::RemoteDevice device;
  std::string product;
  SessionHandle session;
  std::optional<host::VhciPort> port;
  Instant next_try{};         // waiting: not before
  Instant deadline = kNever;  // of the phase
  Instant next_look{};        // at the port's state
  Duration retry = kRetryFloor;
  bool detach_wanted = false;
  bool removal_posted = false;
  bool removed = false;      // the USB worker has let go
  bool agent_knows = false;  // the agent holds the device for us
  std::unique_ptr<host::AttachmentStatus> status;
  bool status_wanted = false;
};

HostControl::HostControl(const LocalNode& local, ChannelMaker& channels, host::VhciPorts& ports,
                         HostUsbLoop& usb, PacketLoop& packets, SessionNumbers& numbers)
    : local_(local),
      channels_(channels),
      ports_(ports),
      usb_(usb),
      packets_(packets),
      numbers_(numbers) {}

HostControl::~HostControl() = default;

void HostControl::add_peer(const std::string& name) {
  if (peer_named(name) != nullptr) return;
  peers_.push_back(std::make_unique<Peer>());
  peers_.back()->name = name;
}

Result<AttachmentHandle> HostControl::attach(WantedAttachment wanted) {
  Peer* const peer = peer_named(wanted.peer);
  if (peer == nullptr) {
    return fail(ErrorCode::not_found,
                "no peer is called \"" + wanted.peer + "\": add a [[peer]] to the configuration");
  }
  for (const auto& record : records_) {
    if (record->peer == peer && record->wanted.device == wanted.device &&
        record->phase != AttachmentPhase::failed && record->phase != AttachmentPhase::ended) {
      return fail(ErrorCode::busy, wanted.device + " on " + wanted.peer + " is already " +
                                       std::string(to_string(record->phase)) + " here");
    }
  }
  auto record = std::make_unique<Record>();
  record->handle = AttachmentHandle{next_handle_++};
  record->wanted = std::move(wanted);
  record->peer = peer;
  records_.push_back(std::move(record));
  return records_.back()->handle;
}

Result<void> HostControl::detach(AttachmentHandle attachment) {
  Record* const record = record_of(attachment);
  if (record == nullptr) return fail(ErrorCode::not_found, "no such attachment");
  record->detach_wanted = true;
  return {};
}

void HostControl::forget(AttachmentHandle attachment) {
  std::erase_if(records_, [&](const auto& r) {
    return r->handle == attachment &&
           (r->phase == AttachmentPhase::failed || r->phase == AttachmentPhase::ended);
  });
}

void HostControl::request_exports(const std::string& peer) {
  if (Peer* const known = peer_named(peer)) {
    known->exports.reset();
    known->exports_wanted = true;
  }
}

void HostControl::request_status() {
  for (const auto& record : records_) {
    if (record->phase != AttachmentPhase::live && record->phase != AttachmentPhase::enumerating)
      continue;
    record->status_wanted = true;
    usb_.post(host_command::WantStatus{record->session, record->device.attachment});
  }
}

bool HostControl::has_status() const {
  return std::none_of(records_.begin(), records_.end(),
                      [](const auto& r) { return r->status_wanted; });
}

std::vector<AttachmentView> HostControl::attachments() const {
  std::vector<AttachmentView> views;
  for (const auto& r : records_) {
    views.push_back({r->handle, r->wanted.peer, r->wanted.device, r->product, r->phase, r->error,
                     r->port, r->device.speed, r->status.get()});
  }
  return views;
}

std::vector<PeerView> HostControl::peers() const {
  std::vector<PeerView> views;
  for (const auto& p : peers_) {
    const auto state = p->session ? p->session->state() : PeerSession::State::closed;
    views.push_back(
        {p->name, state, p->error, p->counters, p->path, p->path_payload, p->exports.get()});
  }
  return views;
}

void HostControl::stop() {
  stopping_ = true;
  for (const auto& record : records_) record->detach_wanted = true;
}

bool HostControl::is_stopped() const {
  if (!stopping_) return false;
  const bool idle = std::all_of(records_.begin(), records_.end(), [](const auto& r) {
    return r->phase == AttachmentPhase::ended || r->phase == AttachmentPhase::failed;
  });
  return idle && std::all_of(peers_.begin(), peers_.end(),
                             [](const auto& p) { return p->session == nullptr; });
}

std::size_t HostControl::turn(Instant now) {
  usb_.flush_commands();
  std::size_t work = run_events(now);
  for (const auto& peer : peers_) work += turn_peer(*peer, now);
  for (const auto& record : records_) work += step(*record, now);
  return work;
}

std::size_t HostControl::turn_peer(Peer& peer, Instant now) {
  if (peer.session == nullptr) {
    if (stopping_ || now < peer.next_try) return 0;
    auto channel = channels_.connect(peer.name, now);
    peer.next_try = now + peer.retry;
    peer.retry = std::min(peer.retry * 2, kRetryCeiling);
    if (!channel) {
      peer.error = channel.error().context;
      return 0;
    }
    peer.session = std::make_unique<PeerSession>(numbers_.next_handle(), std::move(*channel),
                                                 local_, true, numbers_.next_index(), packets_);
    return 1;
  }
  std::size_t work = peer.session->turn(now);
  if (peer.session->state() == PeerSession::State::open) {
    if (!peer.usb_added) opened(peer);
    while (auto message = peer.session->receive()) {
      dispatch(peer, std::move(*message), now);
      ++work;
    }
    if (peer.exports_wanted) {
      peer.exports_wanted = false;
      peer.session->send(wire::SessionMessage{wire::ListExports{next_request_++}});
    }
  }
  const bool nothing_attached = std::none_of(records_.begin(), records_.end(), [&](const auto& r) {
    return r->peer == &peer && r->session == peer.session->handle() &&
           r->phase != AttachmentPhase::waiting && r->phase != AttachmentPhase::failed &&
           r->phase != AttachmentPhase::ended;
  });
  if (stopping_ && nothing_attached && peer.session->state() != PeerSession::State::closed) {
    peer.session->close("this node stops");
  }
  if (peer.session->state() == PeerSession::State::closed) {
    if (!peer.is_leaving) closed(peer, now);
    if (nothing_attached) {
      if (peer.usb_added) usb_.post(host_command::RemoveSession{peer.session->handle()});
      peer.usb_added = false;
      peer.session->remove_datagrams();
      peer.session.reset();
      peer.is_leaving = false;
      return work + 1;
    }
  }
  return work;
}

void HostControl::opened(Peer& peer) {
  peer.usb_added = true;
  peer.error.clear();
  peer.retry = kRetryFloor;
  usb_.post(host_command::AddSession{peer.session->handle(), peer.session->links()});
}

void HostControl::closed(Peer& peer, Instant now) {
  peer.is_leaving = true;
  peer.error = peer.session->close_reason();
  peer.next_try = now + peer.retry;
  if (peer.usb_added) usb_.post(host_command::PeerLost{peer.session->handle()});
  for (const auto& record : records_) {
    if (record->peer != &peer) continue;
    record->agent_knows = false;
    if (record->phase == AttachmentPhase::requested) {
      fail_or_retry(*record, peer.error, now);
    } else if (record->phase != AttachmentPhase::waiting) {
      unplug(*record, peer.error, now);
    }
  }
}

void HostControl::dispatch(Peer& peer, control::Message&& message, Instant now) {
  if (message.type == wire::MessageType::urb_reply) {
    auto reply = wire::decode_urb_reply(message.body);
    if (!reply)
      return peer.session->close(peer.name + " sent an answer to a URB that does not decode");
    usb_.post(host_command::Reply{peer.session->handle(), std::move(*reply)});
  } else if (message.type == wire::MessageType::session) {
    auto decoded = wire::decode_session(message.body);
    if (!decoded && decoded.error() == wire::WireError::unknown_type) return;  // a newer peer's
    if (!decoded)
      return peer.session->close(peer.name + " sent a session message that does not decode");
    dispatch(peer, std::move(*decoded), now);
  } else {
    peer.session->close(peer.name + " sent a message that only a host sends");
  }
}

void HostControl::dispatch(Peer& peer, wire::SessionMessage&& message, Instant now) {
  if (auto* attached = std::get_if<wire::Attached>(&message)) {
    granted(peer, std::move(*attached));
  } else if (auto* refused = std::get_if<wire::Refused>(&message)) {
    for (const auto& record : records_) {
      if (record->peer == &peer && record->phase == AttachmentPhase::requested &&
          record->request == refused->request) {
        fail_or_retry(*record, refused->text, now);
      }
    }
  } else if (auto* gone = std::get_if<wire::DeviceGone>(&message)) {
    if (Record* const record = record_of(peer.session->handle(), gone->attachment)) {
      record->agent_knows = false;
      unplug(*record, gone->reason, now);
    }
  } else if (auto* exports = std::get_if<wire::Exports>(&message)) {
    peer.exports = std::make_unique<std::vector<wire::ExportInfo>>(std::move(exports->exports));
  } else if (auto* opened = std::get_if<wire::StreamOpened>(&message)) {
    usb_.post(host_command::Opened{peer.session->handle(), *opened});
  }
}

void HostControl::granted(Peer& peer, wire::Attached&& attached) {
  for (const auto& record : records_) {
    if (record->peer != &peer || record->phase != AttachmentPhase::requested ||
        record->request != attached.request) {
      continue;
    }
    record->agent_knows = true;
    record->product = attached.info.product;
    record->device.attachment = attached.attachment;
    record->device.name = attached.info.id + " on " + peer.name;
    record->device.speed = attached.info.speed;
    record->device.device_descriptor = std::move(attached.device_descriptor);
    record->device.configuration_descriptors = std::move(attached.configuration_descriptors);
    record->device.active_configuration = attached.active_configuration;
    record->phase = AttachmentPhase::plugging;
    record->deadline = kNever;
    return;
  }
  peer.session->send(
      wire::SessionMessage{wire::Detach{attached.attachment}});  // nobody wants it any more
}

std::size_t HostControl::run_events(Instant now) {
  namespace he = host_event;
  std::size_t work = 0;
  HostEvent event;
  while (usb_.take(event)) {
    ++work;
    if (auto* submit = std::get_if<he::Submit>(&event)) {
      Peer* const peer = peer_of(submit->session);
      if (peer == nullptr) continue;
      const auto message_class = submit->urb.type == TransferType::bulk
                                     ? control::MessageClass::bulk
                                     : control::MessageClass::control;
      peer->session->send(message_class, wire::MessageType::urb_submit, wire::encode(submit->urb));
    } else if (auto* cancel = std::get_if<he::Cancel>(&event)) {
      // In the bulk class: a cancel must not overtake the submit it cancels, nor need it overtake
      // anything.
      if (Peer* const peer = peer_of(cancel->session)) {
        peer->session->send(control::MessageClass::bulk, wire::MessageType::urb_cancel,
                            wire::encode(cancel->cancel));
      }
    } else if (auto* open = std::get_if<he::Open>(&event)) {
      if (Peer* const peer = peer_of(open->session))
        peer->session->send(wire::SessionMessage{open->open});
    } else if (auto* close = std::get_if<he::Close>(&event)) {
      if (Peer* const peer = peer_of(close->session))
        peer->session->send(wire::SessionMessage{close->close});
    } else if (auto* closed = std::get_if<he::Closed>(&event)) {
      if (Record* const record = record_of(closed->session, closed->attachment)) {
        unplug(*record, "the kernel unplugged it", now);
        if (!record->removal_posted) {
          record->removal_posted = true;
          usb_.post(host_command::RemoveAttachment{closed->session, closed->attachment});
        }
      }
    } else if (auto* removed = std::get_if<he::Removed>(&event)) {
      if (Record* const record = record_of(removed->session, removed->attachment))
        record->removed = true;
    } else if (auto* status = std::get_if<he::Status>(&event)) {
      if (Record* const record = record_of(status->session, status->attachment)) {
        record->status = std::move(status->status);
        record->status_wanted = false;
      }
    }
  }
  return work;
}

std::size_t HostControl::step(Record& record, Instant now) {
  using Phase = AttachmentPhase;
  switch (record.phase) {
    case Phase::waiting: {
      if (record.detach_wanted) {
        record.phase = Phase::ended;
        return 1;
      }
      PeerSession* const session = record.peer->session.get();
      if (session == nullptr || session->state() != PeerSession::State::open ||
          now < record.next_try) {
        return 0;
      }
      record.request = next_request_++;
      record.session = session->handle();
      record.removal_posted = record.removed = false;
      session->send(wire::SessionMessage{wire::Attach{record.request, record.wanted.device}});
      record.phase = Phase::requested;
      record.deadline = now + kRequestTimeout;
      return 1;
    }
    case Phase::requested:
      if (now < record.deadline) return 0;
      fail_or_retry(record, record.wanted.peer + " did not answer within 15 s", now);
      return 1;
    case Phase::plugging: {
      if (record.detach_wanted) {
        finish(record, now);
        return 1;
      }
      const bool turn_taken = std::any_of(records_.begin(), records_.end(), [](const auto& r) {
        return r->phase == Phase::enumerating;
      });
      if (turn_taken) return 0;
      plug(record, now);
      return 1;
    }
    case Phase::enumerating: {
      if (record.detach_wanted) {
        unplug(record, "detached", now);
        return 1;
      }
      if (now < record.next_look) return 0;
      record.next_look = now + kPortPoll;
      const auto state = ports_.state(*record.port);
      if (state && *state == host::VhciPortState::used) {
        record.phase = Phase::live;
        record.retry = kRetryFloor;
        record.error.clear();
        return 1;
      }
      if (now >= record.deadline) {
        unplug(record, "the kernel gave it no address within 10 s", now);
        return 1;
      }
      return 0;
    }
    case Phase::live:
      if (!record.detach_wanted) return 0;
      unplug(record, "detached", now);
      return 1;
    case Phase::unplugging: {
      if (now < record.next_look) return 0;
      record.next_look = now + kPortPoll;
      if (record.removed) {
        const auto state = ports_.state(*record.port);
        if (!state || *state == host::VhciPortState::free || now >= record.deadline) {
          finish(record, now);
          return 1;
        }
      }
      if (!record.removal_posted &&
          now >= record.deadline) {  // vhci never closed its end: let go of ours
        record.removal_posted = true;
        usb_.post(host_command::RemoveAttachment{record.session, record.device.attachment});
        record.deadline = now + kUnplugTimeout;
        return 1;
      }
      return 0;
    }
    case Phase::failed:
    case Phase::ended:
      return 0;
  }
  return 0;
}

void HostControl::plug(Record& record, Instant now) {
  auto attached = ports_.attach(record.device.speed, record.wanted.port);
  if (!attached) {
    record.error = attached.error().context;
    finish(record, now);
    return;
  }
  record.port = attached->port;
  record.phase = AttachmentPhase::enumerating;
  record.deadline = now + kEnumerationTimeout;
  record.next_look = now + kPortPoll;
  usb_.post(host_command::AddAttachment{record.session, record.device, record.wanted.playout,
                                        record.wanted.repair, std::move(attached->socket)});
}

void HostControl::unplug(Record& record, std::string why, Instant now) {
  using Phase = AttachmentPhase;
  if (record.phase == Phase::plugging) {
    record.error = std::move(why);
    finish(record, now);
    return;
  }
  if (record.phase != Phase::enumerating && record.phase != Phase::live) return;
  record.error = std::move(why);
  record.phase = Phase::unplugging;
  record.deadline = now + kUnplugTimeout;
  record.next_look = now;
  // The kernel then closes its end of the socket, which is what ends the attachment.
  static_cast<void>(ports_.detach(*record.port));
}

// Everything of this attachment is gone here: tell the agent, and try again or end.
void HostControl::finish(Record& record, Instant now) {
  PeerSession* const session = record.peer->session.get();
  if (record.agent_knows && session != nullptr && session->handle() == record.session) {
    session->send(wire::SessionMessage{wire::Detach{record.device.attachment}});
  }
  record.agent_knows = false;
  record.port.reset();
  record.status.reset();
  record.status_wanted = false;
  if (record.detach_wanted) {
    record.phase = AttachmentPhase::ended;
    record.error.clear();
  } else {
    fail_or_retry(record, record.error, now);
  }
}

void HostControl::fail_or_retry(Record& record, std::string why, Instant now) {
  record.error = std::move(why);
  if (record.detach_wanted) {
    record.phase = AttachmentPhase::ended;
  } else if (record.wanted.keep) {
    record.phase = AttachmentPhase::waiting;
    record.next_try = now + record.retry;
    record.retry = std::min(record.retry * 2, kRetryCeiling);
  } else {
    record.phase = AttachmentPhase::failed;
  }
}

bool HostControl::take(PacketEvent& event) {
  Peer* const peer = peer_of(event.handle);
  if (peer == nullptr) return false;
  if (event.kind == PacketEvent::Kind::report) {
    peer->counters = event.counters;
    peer->path = event.path;
    peer->path_payload = event.path_payload;
  }
  return true;
}

HostControl::Peer* HostControl::peer_of(SessionHandle session) {
  const auto peer = std::find_if(peers_.begin(), peers_.end(), [&](const auto& p) {
    return p->session != nullptr && p->session->handle() == session;
  });
  return peer == peers_.end() ? nullptr : peer->get();
}

HostControl::Peer* HostControl::peer_named(const std::string& name) {
  const auto peer =
      std::find_if(peers_.begin(), peers_.end(), [&](const auto& p) { return p->name == name; });
  return peer == peers_.end() ? nullptr : peer->get();
}

HostControl::Record* HostControl::record_of(SessionHandle session, AttachmentId attachment) {
  const auto record = std::find_if(records_.begin(), records_.end(), [&](const auto& r) {
    return r->session == session && r->device.attachment == attachment &&
           r->phase >= AttachmentPhase::plugging && r->phase <= AttachmentPhase::unplugging;
  });
  return record == records_.end() ? nullptr : record->get();
}

HostControl::Record* HostControl::record_of(AttachmentHandle handle) {
  const auto record = std::find_if(records_.begin(), records_.end(),
                                   [&](const auto& r) { return r->handle == handle; });
  return record == records_.end() ? nullptr : record->get();
}

Instant HostControl::next_deadline() const {
  Instant next = kNever;
  for (const auto& peer : peers_) {
    if (peer->session != nullptr) {
      next = std::min(next, peer->session->next_deadline());
    } else if (!stopping_) {
      next = std::min(next, peer->next_try);
    }
  }
  for (const auto& record : records_) {
    using Phase = AttachmentPhase;
    if (record->phase == Phase::waiting && record->peer->session != nullptr &&
        record->peer->session->state() == PeerSession::State::open) {
      next = std::min(next, record->next_try);
    } else if (record->phase == Phase::requested) {
      next = std::min(next, record->deadline);
    } else if (record->phase == Phase::enumerating || record->phase == Phase::unplugging) {
      next = std::min(next, record->next_look);
    }
  }
  return next;
}

void HostControl::append_descriptors(std::vector<int>& readable) const {
  for (const auto& peer : peers_) {
    if (peer->session != nullptr) peer->session->append_descriptors(readable);
  }
}

void HostControl::append_writable(std::vector<int>& writable) const {
  for (const auto& peer : peers_) {
    if (peer->session != nullptr) peer->session->append_writable(writable);
  }
}

}  // namespace usbgw::node
