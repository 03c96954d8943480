#include "node/node_control.h"

#include <algorithm>

#include "node/admin_reports.h"

namespace usbgw::node {
namespace {

// Longer than the roles' own time-outs, so that their reason is what is told.
constexpr Duration kAttachTimeout = std::chrono::seconds(40);
// A first connection is under way: its end is worth the wait.
constexpr Duration kFirstConnection = std::chrono::seconds(5);
constexpr Duration kDetachTimeout = std::chrono::seconds(25);
constexpr Duration kListTimeout = std::chrono::seconds(3);
constexpr Duration kStatusTimeout = std::chrono::milliseconds(500);

// "1209:a101" names "1209:a101:0001" too.
bool names(const std::string& selector, const std::string& device) {
  return selector == device || device.starts_with(selector + ":");
}

bool has_ended(AttachmentPhase phase) {
  return phase == AttachmentPhase::failed || phase == AttachmentPhase::ended;
}

}  // namespace

NodeControl::NodeControl(NodeDescription description, std::vector<PacketLoop*> packets,
                         AgentControl* agent, HostControl* host)
    : description_(std::move(description)),
      packets_(std::move(packets)),
      agent_(agent),
      host_(host) {}

std::size_t NodeControl::turn(Instant now) {
  if (started_ == Instant{}) started_ = now;
  now_ = now;
  take_events();
  std::size_t work = 0;
  if (stop_requested_.load(std::memory_order_acquire) && !stopping_) {
    stopping_ = true;
    if (host_ != nullptr) host_->stop();
    if (host_ == nullptr && agent_ != nullptr) agent_->stop();
  }
  if (agent_ != nullptr) work += agent_->turn(now);
  if (host_ != nullptr) work += host_->turn(now);
  if (stopping_) run_stop();
  work += std::erase_if(pending_, [&](const Pending& p) { return settle(p, now); });
  return work;
}

void NodeControl::take_events() {
  PacketEvent event;
  for (PacketLoop* const packets : packets_) {
    while (packets->take(event)) {
      if (event.kind == PacketEvent::Kind::port) {
        add_port(*packets, event);
        continue;
      }
      const bool taken = (agent_ != nullptr && agent_->take(event, now_)) ||
                         (host_ != nullptr && host_->take(event, now_));
      static_cast<void>(taken);  // a session that has just ended: what it held dies here
    }
  }
}

void NodeControl::add_port(const PacketLoop& packets, const PacketEvent& event) {
  if (unread_ports_ == 0) return;
  --unread_ports_;
  for (std::size_t i = 0; i < event.port_counter_count; ++i)
    port_counters_[std::string(packets.counter_name(i))] += event.port_counters[i];
}

// The host's ports are unplugged while the agent that serves them still runs.
void NodeControl::run_stop() {
  if (host_ != nullptr && !host_->is_stopped()) return;
  if (agent_ != nullptr) {
    agent_->stop();
    if (!agent_->is_stopped()) return;
  }
  stopped_.store(true, std::memory_order_release);
}

Instant NodeControl::next_deadline() const {
  Instant next = kNever;
  if (agent_ != nullptr) next = std::min(next, agent_->next_deadline());
  if (host_ != nullptr) next = std::min(next, host_->next_deadline());
  for (const Pending& pending : pending_) {
    next = std::min(next, pending.deadline);
    for (const Instant end : {pending.wait_end, pending.wait_end + kFirstConnection}) {
      if (pending.kind == Kind::attach && end > now_) next = std::min(next, end);
    }
  }
  return next;
}

void NodeControl::append_descriptors(std::vector<int>& readable) const {
  if (agent_ != nullptr) agent_->append_descriptors(readable);
  if (host_ != nullptr) host_->append_descriptors(readable);
}

void NodeControl::append_writable(std::vector<int>& writable) const {
  if (agent_ != nullptr) agent_->append_writable(writable);
  if (host_ != nullptr) host_->append_writable(writable);
}

void NodeControl::list(control::AdminToken token, const control::ListRequest& request) {
  if (host_ != nullptr) {
    const auto peers = host_->peers();
    const bool known = std::any_of(peers.begin(), peers.end(),
                                   [&](const PeerView& p) { return p.name == request.peer; });
    if (!request.peer.empty() && !known) {
      return server_->fail(
          token, {ErrorCode::not_found, "no peer is called \"" + request.peer + "\" here"});
    }
    for (const PeerView& peer : peers) {
      if (request.peer.empty() || request.peer == peer.name) host_->request_exports(peer.name);
    }
  }
  pending_.push_back({token, Kind::list, now_ + kListTimeout, {}, request.peer, {}});
}

Result<std::string> NodeControl::peer_for(const control::AttachRequest& request) const {
  if (host_ == nullptr) {
    return fail(ErrorCode::invalid_argument,
                description_.name + " is not a host: add a [[peer]] to its configuration");
  }
  if (!request.peer.empty()) return request.peer;
  const auto peers = host_->peers();
  if (peers.size() == 1) return peers.front().name;
  std::string all;
  for (const PeerView& peer : peers) all += (all.empty() ? "" : ", ") + peer.name;
  return fail(ErrorCode::invalid_argument, "which peer has it? Say --peer with one of: " + all);
}

void NodeControl::attach(control::AdminToken token, const control::AttachRequest& request) {
  const auto peer = peer_for(request);
  if (!peer) return server_->fail(token, peer.error());
  WantedAttachment wanted;
  wanted.peer = *peer;
  wanted.device = request.device;
  if (request.vhci_port) wanted.port = host::VhciPort{*request.vhci_port};
  wanted.playout = description_.default_playout;
  wanted.repair = description_.default_repair;
  wanted.keep = false;
  const auto attachment = host_->attach(std::move(wanted));
  if (!attachment) return server_->fail(token, attachment.error());
  const Duration wait = std::chrono::seconds(request.wait_s);
  pending_.push_back({token,
                      Kind::attach,
                      now_ + wait + kAttachTimeout,
                      *attachment,
                      *peer,
                      {},
                      wait,
                      now_ + wait});
}

void NodeControl::detach(control::AdminToken token, const control::DetachRequest& request) {
  std::vector<AttachmentView> matches;
  if (host_ != nullptr) {
    for (auto& view : host_->attachments()) {
      const bool matches_peer = request.peer.empty() || request.peer == view.peer;
      if (matches_peer && names(request.device, view.device) && !has_ended(view.phase)) {
        matches.push_back(std::move(view));
      }
    }
  }
  if (matches.empty()) {
    return server_->fail(token, {ErrorCode::not_found, request.device + " is not attached here"});
  }
  if (matches.size() > 1) {
    return server_->fail(token, {ErrorCode::invalid_argument,
                                 request.device + " is attached more than once: say --peer or the "
                                                  "serial number"});
  }
  const AttachmentView& chosen = matches.front();
  static_cast<void>(host_->detach(chosen.handle));
  pending_.push_back(
      {token, Kind::detach, now_ + kDetachTimeout, chosen.handle, chosen.peer, chosen.device});
}

void NodeControl::status(control::AdminToken token, const control::StatusRequest&) {
  if (host_ != nullptr) host_->request_status();
  port_counters_.clear();
  unread_ports_ = 0;
  for (PacketLoop* const packets : packets_) {
    unread_ports_ += packets->port_count();
    packets->read_port();
  }
  pending_.push_back({token, Kind::status, now_ + kStatusTimeout, {}, {}, {}});
}

// A detach goes on: nothing would be gained by stopping half-way.
void NodeControl::withdraw(control::AdminToken token) {
  const auto pending = std::find_if(pending_.begin(), pending_.end(),
                                    [&](const Pending& p) { return p.token == token; });
  if (pending == pending_.end()) return;
  if (pending->kind == Kind::attach)
    host_->withdraw(pending->attachment, "the command that asked for it has ended");
  pending_.erase(pending);
}

bool NodeControl::settle(const Pending& pending, Instant now) {
  const bool is_late = now >= pending.deadline;
  switch (pending.kind) {
    case Kind::list:
      return settle_list(pending, is_late, now);
    case Kind::attach:
      return settle_attach(pending, now);
    case Kind::detach:
      return settle_detach(pending, is_late);
    case Kind::status:
      return settle_status(pending, is_late, now);
  }
  return true;
}

bool NodeControl::settle_list(const Pending& pending, bool is_late, Instant now) {
  control::ListReport report_out;
  if (host_ != nullptr) {
    for (const PeerView& peer : host_->peers()) {
      if (!pending.peer.empty() && pending.peer != peer.name) continue;
      if (peer.exports != nullptr) {
        for (const auto& info : *peer.exports)
          report_out.devices.push_back(report(peer.name, info));
      } else if (peer.state == PeerSession::State::open && !is_late) {
        return false;
      } else {
        report_out.notes.push_back(peer.name + ": not connected" +
                                   (peer.error.empty() ? "" : " (" + peer.error + ")"));
      }
    }
  }
  if (agent_ != nullptr && pending.peer.empty()) {
    for (const auto& info : agent_->exports(now)) {
      report_out.devices.push_back(report(description_.name, info));
    }
  }
  server_->answer(pending.token, report_out);
  return true;
}

std::optional<Error> NodeControl::missed_peer(const Pending& pending,
                                              const AttachmentView& attachment, Instant now) const {
  if (attachment.phase != AttachmentPhase::waiting || now < pending.wait_end) return std::nullopt;
  for (const PeerView& peer : host_->peers()) {
    if (peer.name != attachment.peer || peer.state == PeerSession::State::open) continue;
    const bool has_failed = !peer.error.empty();
    if (!has_failed && now < pending.wait_end + kFirstConnection) continue;
    const auto waited = std::chrono::duration_cast<std::chrono::seconds>(pending.wait).count();
    return Error{ErrorCode::disconnected,
                 peer.name + (peer.address.empty() ? "" : " (" + peer.address + ")") +
                     " is not connected" +
                     (waited == 0 ? "" : " after " + std::to_string(waited) + " s") + ": " +
                     (has_failed ? peer.error : "no answer yet") +
                     "; check that usbgw runs there and that the network lets TCP to it through"};
  }
  return std::nullopt;
}

bool NodeControl::settle_attach(const Pending& pending, Instant now) {
  for (const AttachmentView& view : host_->attachments()) {
    if (view.handle != pending.attachment) continue;
    if (view.phase == AttachmentPhase::live) {
      control::AttachReport done;
      done.peer = view.peer;
      done.device = view.device;
      done.product = view.product;
      if (view.port) done.vhci_port = view.port->value();
      server_->answer(pending.token, done);
      return true;
    }
    if (has_ended(view.phase)) {
      server_->fail(pending.token, {ErrorCode::refused, view.error});
      host_->forget(view.handle);
      return true;
    }
    if (const auto missed = missed_peer(pending, view, now)) {
      server_->fail(pending.token, *missed);
    } else if (now >= pending.deadline) {
      server_->fail(pending.token,
                    {ErrorCode::timed_out, view.device + " of " + view.peer + " is still " +
                                               std::string(to_string(view.phase)) +
                                               (view.error.empty() ? "" : ": " + view.error)});
    } else {
      return false;
    }
    host_->withdraw(view.handle, "it could not be had in time");
    return true;
  }
  server_->fail(pending.token, {ErrorCode::refused, "the attachment was taken back"});
  return true;
}

bool NodeControl::settle_detach(const Pending& pending, bool is_late) {
  for (const AttachmentView& view : host_->attachments()) {
    if (view.handle != pending.attachment) continue;
    if (!has_ended(view.phase)) {
      if (!is_late) return false;
      server_->fail(pending.token, {ErrorCode::timed_out, view.device + " is still " +
                                                              std::string(to_string(view.phase))});
      return true;
    }
    server_->answer(pending.token, control::DetachReport{view.peer, view.device});
    host_->forget(view.handle);
    return true;
  }
  // Who wanted it attached forgot it when it ended.
  server_->answer(pending.token, control::DetachReport{pending.peer, pending.device});
  return true;
}

bool NodeControl::settle_status(const Pending& pending, bool is_late, Instant now) {
  const bool is_complete = unread_ports_ == 0 && (host_ == nullptr || host_->has_status());
  if (!is_complete && !is_late) return false;
  control::StatusReport out;
  out.node = description_.name;
  out.version = description_.version;
  out.port = description_.port;
  const auto up = std::chrono::duration_cast<std::chrono::seconds>(now - started_);
  out.uptime_s = static_cast<std::uint64_t>(up.count());
  if (agent_ != nullptr) {
    out.roles.emplace_back("agent");
    for (const auto& info : agent_->exports(now)) out.exports.push_back(report(out.node, info));
    for (const auto& peer : agent_->peers()) out.peers.push_back(report(peer));
  }
  if (host_ != nullptr) {
    out.roles.emplace_back("host");
    for (const auto& view : host_->attachments()) out.attachments.push_back(report(view));
    for (const auto& peer : host_->peers()) out.peers.push_back(report(peer));
  }
  out.port_counters = port_counters_;
  if (audit_ != nullptr) out.audit_failures = audit_->failures();
  server_->answer(pending.token, out);
  return true;
}

}  // namespace usbgw::node
