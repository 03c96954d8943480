#include "node/host_control.h"

#include <algorithm>

#include "node/host_control_state.h"

namespace usbgw::node {

HostControl::HostControl(const LocalNode& local, ChannelMaker& channels, host::VhciPorts& ports,
                         HostUsbLoop& usb, PacketLoop& packets, SessionNumbers& numbers, Log& log)
    : local_(local),
      channels_(channels),
      ports_(ports),
      usb_(usb),
      packets_(packets),
      numbers_(numbers),
      log_(log) {}

HostControl::~HostControl() = default;

void HostControl::add_peer(const std::string& name, const std::string& address) {
  if (peer_named(name) != nullptr) return;
  peers_.push_back(std::make_unique<Peer>(name, numbers_.next_index().value()));
  peers_.back()->address = address;
}

Result<AttachmentHandle> HostControl::attach(WantedAttachment wanted) {
  if (stopping_) {
    return fail(ErrorCode::refused,
                local_.name + " is stopping: " + wanted.device + " cannot be attached now");
  }
  Peer* const peer = peer_named(wanted.peer);
  if (peer == nullptr) {
    return fail(ErrorCode::not_found,
                "no peer is called \"" + wanted.peer + "\": add a [[peer]] to the configuration");
  }
  const auto is_same = [&](const std::unique_ptr<Record>& record) {
    return record->peer == peer && record->wanted.device == wanted.device;
  };
  // One that is over gives way, so that a device which comes and goes is in the status once.
  std::erase_if(records_, [&](const auto& record) { return is_same(record) && is_over(*record); });
  const auto same = std::find_if(records_.begin(), records_.end(), is_same);
  if (same != records_.end()) {
    return fail(ErrorCode::busy, wanted.device + " on " + wanted.peer + " is already " +
                                     std::string(to_string((*same)->phase)) + " here");
  }
  auto record = std::make_unique<Record>(numbers_.next_index().value());
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

void HostControl::withdraw(AttachmentHandle attachment, const std::string& why) {
  Record* const record = record_of(attachment);
  if (record == nullptr) return;
  record->detach_wanted = record->is_withdrawn = true;
  tell(*record, "is not wanted any more: " + why);
}

void HostControl::forget(AttachmentHandle attachment) {
  std::erase_if(records_, [&](const auto& r) { return r->handle == attachment && is_over(*r); });
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
    const bool is_granted =
        r->phase >= AttachmentPhase::plugging && r->phase <= AttachmentPhase::unplugging;
    views.push_back({r->handle, r->wanted.peer, r->wanted.device, r->product, r->phase, r->error,
                     r->port, is_granted, r->device.speed, r->status.get()});
  }
  return views;
}

std::vector<PeerView> HostControl::peers() const {
  std::vector<PeerView> views;
  for (const auto& p : peers_) {
    const auto state = p->session ? p->session->state() : PeerSession::State::closed;
    views.push_back({p->name, p->address, state, p->error, p->counters, p->path, p->path_payload,
                     p->paths, p->exports.get()});
  }
  return views;
}

void HostControl::stop() {
  stopping_ = true;
  for (const auto& record : records_) record->detach_wanted = true;
}

bool HostControl::is_stopped() const {
  if (!stopping_) return false;
  const bool idle =
      std::all_of(records_.begin(), records_.end(), [](const auto& r) { return is_over(*r); });
  return idle && std::all_of(peers_.begin(), peers_.end(),
                             [](const auto& p) { return p->session == nullptr; });
}

std::size_t HostControl::turn(Instant now) {
  usb_.flush_commands();
  std::size_t work = run_events(now);
  for (const auto& peer : peers_) work += turn_peer(*peer, now);
  for (const auto& record : records_) work += step(*record, now);
  std::erase_if(records_, [](const auto& r) { return r->is_withdrawn && is_over(*r); });
  return work;
}

std::size_t HostControl::turn_peer(Peer& peer, Instant now) {
  if (peer.session == nullptr) return connect(peer, now);
  std::size_t work = peer.session->turn(now);
  if (peer.session->state() == PeerSession::State::open) {
    if (!peer.usb_added) opened(peer, now);
    watch_path(peer, now);
    while (auto message = peer.session->receive()) {
      dispatch(peer, std::move(*message), now);
      ++work;
    }
    if (peer.exports_wanted) {
      peer.exports_wanted = false;
      peer.session->send(wire::SessionMessage{wire::ListExports{next_request_++}});
    }
  }
  return work + leave(peer, now);
}

std::size_t HostControl::connect(Peer& peer, Instant now) {
  if (stopping_ || now < peer.next_try) return 0;
  auto channel = channels_.connect(peer.name, now);
  if (!channel) {
    peer.next_try = now + peer.backoff.next();
    peer.error = channel.error().context;
    tell(peer, "no connection to " + peer.name + ": " + peer.error);
    return 0;
  }
  peer.session = std::make_unique<PeerSession>(numbers_.next_handle(), std::move(*channel), local_,
                                               true, numbers_, packets_);
  return 1;
}

// Takes the session down once it has closed and nothing is attached over it.
std::size_t HostControl::leave(Peer& peer, Instant now) {
  const auto is_attached = [&](const std::unique_ptr<Record>& record) {
    return record->peer == &peer && record->session == peer.session->handle() &&
           record->phase != AttachmentPhase::waiting && !is_over(*record);
  };
  if (stopping_ && peer.session->state() != PeerSession::State::closed &&
      std::none_of(records_.begin(), records_.end(), is_attached)) {
    peer.session->close("this node stops");
  }
  if (peer.session->state() != PeerSession::State::closed) return 0;
  const bool nothing_attached = std::none_of(records_.begin(), records_.end(), is_attached);
  if (!peer.is_leaving) closed(peer, now);
  if (!nothing_attached) return 0;
  if (peer.usb_added) usb_.post(host_command::RemoveSession{peer.session->handle()});
  peer.usb_added = false;
  peer.session->remove_datagrams();
  peer.session.reset();
  peer.is_leaving = false;
  return 1;
}

void HostControl::opened(Peer& peer, Instant now) {
  peer.usb_added = true;
  peer.path_due = now + kPathDue;
  peer.error.clear();
  peer.backoff.reset();
  tell(peer, peer.name + " connected");
  usb_.post(host_command::AddSession{peer.session->handle(), peer.session->links()});
}

// Without datagrams a device is there, and silent.
void HostControl::watch_path(Peer& peer, Instant now) {
  if (peer.path_due == kNever || (!peer.path.valid && now < peer.path_due)) return;
  peer.path_due = kNever;
  if (peer.path.valid) return;
  log_.warning("our datagrams to " + peer.name +
               " are not answered, though the control channel works: is UDP let through between "
               "the data ports, both ways? Audio and what is polled stay silent");
}

void HostControl::closed(Peer& peer, Instant now) {
  peer.is_leaving = true;
  peer.path = {};
  peer.path_payload = 0;
  peer.paths.clear();
  peer.error = peer.session->close_reason();
  peer.next_try = now + peer.backoff.next();
  tell(peer,
       (peer.usb_added ? peer.name + " disconnected: " : "no connection to " + peer.name + ": ") +
           peer.error);
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

void HostControl::tell(Peer& peer, const std::string& what) {
  if (peer.told == what) return;
  peer.told = what;
  log_.info(what);
}

bool HostControl::take(PacketEvent& event, Instant now) {
  Peer* const peer = peer_of(event.handle);
  if (peer == nullptr) return false;
  if (event.kind == PacketEvent::Kind::report) {
    peer->counters = event.counters;
    peer->path = event.path;
    peer->path_payload = event.path_payload;
    peer->paths.assign(event.paths.begin(), event.paths.begin() + event.path_count);
  }
  peer->session->take(event, now);
  tell_paths(*peer->session, log_);
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

bool HostControl::is_over(const Record& record) {
  return record.phase == AttachmentPhase::failed || record.phase == AttachmentPhase::ended;
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
    } else if (record->phase == Phase::plugging || record->phase == Phase::enumerating ||
               record->phase == Phase::unplugging) {
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
