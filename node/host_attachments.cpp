// The way of one attachment at the host: asked for, granted, plugged in when its turn comes,
// watched until the kernel has enumerated it, unplugged, tried again.
#include <algorithm>

#include "node/host_control_state.h"
#include "usbside/host/vhci_status.h"

namespace usbgw::node {
namespace {

constexpr Duration kRequestTimeout = std::chrono::seconds(15);
constexpr Duration kEnumerationTimeout = std::chrono::seconds(10);
constexpr Duration kUnplugTimeout = std::chrono::seconds(10);
// How long the kernel may take over the device that had the port before.
constexpr Duration kPortTimeout = std::chrono::seconds(10);
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

std::size_t HostControl::step(Record& record, Instant now) {
  switch (record.phase) {
    case AttachmentPhase::waiting:
      return request(record, now);
    case AttachmentPhase::requested:
      if (now < record.deadline) return 0;
      fail_or_retry(record, record.wanted.peer + " did not answer within 15 s", now);
      return 1;
    case AttachmentPhase::plugging:
      return wait_for_turn(record, now);
    case AttachmentPhase::enumerating:
      return watch_enumeration(record, now);
    case AttachmentPhase::live:
      if (!record.detach_wanted) return 0;
      unplug(record, "detached", now);
      return 1;
    case AttachmentPhase::unplugging:
      return watch_unplugging(record, now);
    case AttachmentPhase::failed:
    case AttachmentPhase::ended:
      return 0;
  }
  return 0;
}

std::size_t HostControl::request(Record& record, Instant now) {
  if (record.detach_wanted) {
    record.phase = AttachmentPhase::ended;
    return 1;
  }
  PeerSession* const session = record.peer->session.get();
  if (session == nullptr || session->state() != PeerSession::State::open || now < record.next_try) {
    return 0;
  }
  record.request = next_request_++;
  record.session = session->handle();
  record.removal_posted = record.removed = false;
  session->send(wire::SessionMessage{wire::Attach{record.request, record.wanted.device}});
  record.phase = AttachmentPhase::requested;
  record.deadline = now + kRequestTimeout;
  return 1;
}

namespace {

// The attachment's own, where it has them; of two limits the smaller.
host::PlayoutConfig playout_with(host::PlayoutConfig playout, const wire::Attached& exported) {
  if (playout.origin == host::PlayoutOrigin::by_default && exported.playout > Duration{}) {
    playout.playout = std::min(exported.playout, playout.playout_max);
    playout.origin = host::PlayoutOrigin::exported;
  }
  if (exported.packet_bytes > 0) {
    playout.packet_bytes = playout.packet_bytes == 0
                               ? exported.packet_bytes
                               : std::min<std::size_t>(playout.packet_bytes, exported.packet_bytes);
  }
  return playout;
}

}  // namespace

void HostControl::granted(Peer& peer, wire::Attached&& attached) {
  // Everything that comes for the id would go to whichever is found first.
  if (const Record* const user = record_of(peer.session->handle(), attached.attachment)) {
    return peer.session->close(peer.name + " gave attachment id " +
                               std::to_string(attached.attachment.value()) + " to " +
                               attached.info.id + " while " + user->wanted.device + " has it");
  }
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
    record->playout = playout_with(record->wanted.playout, attached);
    record->phase = AttachmentPhase::plugging;
    record->deadline = kNever;
    record->next_look = {};
    return;
  }
  peer.session->send(
      wire::SessionMessage{wire::Detach{attached.attachment}});  // nobody wants it any more
}

// vhci takes one device at a time: the kernel gives them addresses one after another.
std::size_t HostControl::wait_for_turn(Record& record, Instant now) {
  if (record.detach_wanted) {
    finish(record, now);
    return 1;
  }
  const bool turn_taken = std::any_of(records_.begin(), records_.end(), [](const auto& r) {
    return r->phase == AttachmentPhase::enumerating;
  });
  if (now < record.next_look) return 0;
  record.next_look = now + kPortPoll;
  if (turn_taken) return 0;
  plug(record, now);
  return 1;
}

void HostControl::plug(Record& record, Instant now) {
  auto attached = ports_.attach(record.device.speed, record.wanted.port);
  if (!attached) {
    if (record.deadline == kNever) record.deadline = now + kPortTimeout;
    if (now < record.deadline && is_port_leaving(record)) return;
    record.error = attached.error().context;
    finish(record, now);
    return;
  }
  record.port = attached->port;
  record.phase = AttachmentPhase::enumerating;
  record.deadline = now + kEnumerationTimeout;
  record.next_look = now + kPortPoll;
  usb_.post(host_command::AddAttachment{
      record.session, record.device, record.playout, record.wanted.repair,
      std::move(attached->socket), record.peer->session->payload_of(record.playout.packet_bytes)});
}

// Whether a port that this attachment could have is about to become free.
bool HostControl::is_port_leaving(const Record& record) const {
  const auto ports = ports_.list();
  return ports && std::any_of(ports->begin(), ports->end(), [&](const host::VhciPortStatus& port) {
           return port.state == host::VhciPortState::leaving &&
                  host::serves(port, record.device.speed) &&
                  record.wanted.port.value_or(port.port) == port.port;
         });
}

std::size_t HostControl::watch_enumeration(Record& record, Instant now) {
  if (record.detach_wanted) {
    unplug(record, "detached", now);
    return 1;
  }
  if (now < record.next_look) return 0;
  record.next_look = now + kPortPoll;
  const auto state = ports_.state(*record.port);
  if (state && *state == host::VhciPortState::used) {
    record.phase = AttachmentPhase::live;
    record.backoff.reset();
    record.error.clear();
    tell(record, "is at vhci port " + std::to_string(record.port->value()) +
                     (record.product.empty() ? "" : " (" + record.product + ")"));
    return 1;
  }
  if (now < record.deadline) return 0;
  unplug(record, "the kernel gave it no address within 10 s", now);
  return 1;
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

std::size_t HostControl::watch_unplugging(Record& record, Instant now) {
  if (now < record.next_look) return 0;
  record.next_look = now + kPortPoll;
  const bool is_late = now >= record.deadline;
  if (record.removed) {
    const auto state = ports_.state(*record.port);
    if (!state || *state == host::VhciPortState::free || is_late) {
      finish(record, now);
      return 1;
    }
  }
  if (record.removal_posted || !is_late) return 0;
  // vhci never closed its end: let go of ours.
  record.removal_posted = true;
  usb_.post(host_command::RemoveAttachment{record.session, record.device.attachment});
  record.deadline = now + kUnplugTimeout;
  return 1;
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
    tell(record, "was detached");
  } else {
    fail_or_retry(record, record.error, now);
  }
}

void HostControl::tell(Record& record, const std::string& what) {
  if (record.told == what) return;
  record.told = what;
  log_.info(record.wanted.device + " of " + record.wanted.peer + " " + what);
}

void HostControl::fail_or_retry(Record& record, std::string why, Instant now) {
  record.error = std::move(why);
  if (record.detach_wanted) {
    record.phase = AttachmentPhase::ended;
  } else if (record.wanted.keep) {
    record.phase = AttachmentPhase::waiting;
    record.next_try = now + record.backoff.next();
    tell(record, "is not attached: " + record.error + "; it is tried again");
  } else {
    record.phase = AttachmentPhase::failed;
    tell(record, "is not attached: " + record.error);
  }
}

}  // namespace usbgw::node
