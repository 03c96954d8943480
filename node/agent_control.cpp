#include "node/agent_control.h"

#include <algorithm>

#include "wire/session_codec.h"

namespace usbgw::node {
namespace {

constexpr std::size_t kMaxServings = 64;
static_assert(kMaxServings < 255, "an attachment id is 1 to 255, and one more must be free");

// Far below the lease time; an open channel has heard the peer's heartbeats (15 s at most ago).
constexpr Duration kRenewalPeriod = std::chrono::seconds(5);
// Between looks for an export that is not plugged in.
constexpr Duration kLookPeriod = std::chrono::seconds(5);
static_assert(4 * kRenewalPeriod < control::kLeaseTime);
// Of one connection in one turn, so that no host keeps the others waiting.
constexpr std::size_t kMessagesPerTurn = 64;

control::ConnectionId connection_id(SessionHandle session) {
  return control::ConnectionId{session.value()};
}

std::string claim_failure(const std::string& device, UrbStatus status) {
  if (status == UrbStatus::no_device) return device + " was unplugged";
  return device + " cannot be claimed: another program on the agent is using it";
}

}  // namespace

struct AgentControl::Serving {
  enum class Phase : std::uint8_t {
    queued,  // granted; the last holder's session is still giving the device back
    claiming,
    live,
    detaching,
  };
  AttachmentId id;
  Phase phase = Phase::queued;
  std::uint64_t request = 0;
  ExportDesk::Grant grant;
  device::DeviceInfo info;
};

struct AgentControl::Connection {
  std::unique_ptr<PeerSession> session;
  bool usb_added = false;
  bool is_leaving = false;
  std::vector<Serving> servings;
  std::uint8_t last_attachment = 0;
  session::SessionCounters counters;
  PathEstimate path;
  std::size_t path_payload = 0;
  std::vector<session::PathStatus> paths;
};

AgentControl::AgentControl(const LocalNode& local, ExportDesk& exports, ChannelAcceptor& acceptor,
                           AgentUsbLoop& usb, PacketLoop& packets, SessionNumbers& numbers,
                           Log& log)
    : local_(local),
      exports_(exports),
      acceptor_(acceptor),
      usb_(usb),
      packets_(packets),
      numbers_(numbers),
      log_(log) {}

AgentControl::~AgentControl() = default;

std::vector<AgentControl::PeerReport> AgentControl::peers() const {
  std::vector<PeerReport> reports;
  for (const auto& c : connections_) {
    if (c->session->state() == PeerSession::State::open) {
      reports.push_back({c->session->peer(), c->counters, c->path, c->path_payload, c->paths});
    }
  }
  return reports;
}

void AgentControl::stop() {
  stopping_ = true;
}

std::size_t AgentControl::turn(Instant now) {
  exports_.begin_turn();
  usb_.flush_commands();
  std::size_t work = run_events(now);
  work += accept(now);
  for (const auto& connection : connections_) work += turn_connection(*connection, now);
  work += std::erase_if(connections_, [](const auto& c) { return c->session == nullptr; });
  open_queued(now);
  keep_leases(now);
  look_for_exports(now);
  return work;
}

std::size_t AgentControl::accept(Instant now) {
  const std::size_t work = acceptor_.turn(now);
  if (stopping_ || connections_.size() >= kMaxHostConnections) return work;
  auto channel = acceptor_.accept(now);
  if (channel == nullptr) return work;
  if (has_too_many(channel->peer())) {
    const std::string why = channel->peer() + " has " + std::to_string(kMaxConnectionsOfAName) +
                            " connections to " + local_.name + " already";
    log_.warning("connection refused: " + why);
    channel->close(why);
    return work + 1;
  }
  auto connection = std::make_unique<Connection>();
  connection->session = std::make_unique<PeerSession>(numbers_.next_handle(), std::move(channel),
                                                      local_, false, numbers_, packets_);
  connections_.push_back(std::move(connection));
  return work + 1;
}

bool AgentControl::has_too_many(const std::string& name) const {
  const auto of_name = std::count_if(connections_.begin(), connections_.end(), [&](const auto& c) {
    return c->session->authenticated_peer() == name;
  });
  return static_cast<std::size_t>(of_name) >= kMaxConnectionsOfAName;
}

std::size_t AgentControl::turn_connection(Connection& connection, Instant now) {
  PeerSession& session = *connection.session;
  std::size_t work = session.turn(now);
  if (session.state() == PeerSession::State::open) {
    if (!connection.usb_added) {
      connection.usb_added = true;
      usb_.post(agent_command::AddSession{session.handle(), session.links()});
      log_.info(session.peer() + " connected");
    }
    for (std::size_t i = 0; i < kMessagesPerTurn; ++i) {
      auto message = session.receive();
      if (!message) break;
      dispatch(connection, std::move(*message), now);
      ++work;
    }
  }
  if (stopping_ && session.state() != PeerSession::State::closed)
    session.close(local_.name + " stops");
  if (session.state() == PeerSession::State::closed) leave(connection, now);
  return work;
}

void AgentControl::look_for_exports(Instant now) {
  if (now < next_look_) return;
  next_look_ = now + kLookPeriod;
  for (const std::string& line : exports_.missing_and_found()) log_.info(line);
}

void AgentControl::keep_leases(Instant now) {
  if (now < next_renewal_) return;
  next_renewal_ = now + kRenewalPeriod;
  for (const auto& connection : connections_) {
    if (connection->session->state() == PeerSession::State::open)
      exports_.renew(connection_id(connection->session->handle()), now);
  }
  for (const control::LeaseToken token : exports_.expire(now)) {
    for (const auto& connection : connections_) {
      std::vector<AttachmentId> ended;
      for (const Serving& serving : connection->servings)
        if (serving.grant.token == token) ended.push_back(serving.id);
      for (const AttachmentId id : ended) {
        connection->session->send(wire::SessionMessage{wire::DeviceGone{id, "its lease ended"}});
        detach(*connection, *serving_of(*connection, id), "its lease ended", now);
      }
    }
  }
}

// The host is gone: its leases end at once, every device is given back, then the session ends.
void AgentControl::leave(Connection& connection, Instant now) {
  PeerSession& session = *connection.session;
  const std::string& why = session.close_reason();
  if (!connection.is_leaving) {
    connection.is_leaving = true;
    log_.info(connection.usb_added ? session.peer() + " disconnected: " + why
                                   : "a connection ended before its greeting: " + why);
    exports_.release_all(connection_id(session.handle()), why, now);
    std::vector<AttachmentId> all;
    for (const Serving& serving : connection.servings) all.push_back(serving.id);
    for (const AttachmentId id : all) detach(connection, *serving_of(connection, id), why, now);
  }
  if (!connection.servings.empty()) return;
  if (connection.usb_added) usb_.post(agent_command::RemoveSession{session.handle()});
  session.remove_datagrams();
  connection.session.reset();
}

void AgentControl::dispatch(Connection& connection, control::Message&& message, Instant now) {
  PeerSession& session = *connection.session;
  switch (message.type) {
    case wire::MessageType::urb_submit: {
      auto urb = wire::decode_urb_submit(message.body);
      if (!urb) return session.close(session.peer() + " sent a URB that does not decode");
      usb_.post(agent_command::Submit{session.handle(), std::move(*urb)});
      return;
    }
    case wire::MessageType::urb_cancel: {
      const auto cancel = wire::decode_urb_cancel(message.body);
      if (!cancel)
        return session.close(session.peer() + " sent a cancellation that does not decode");
      usb_.post(agent_command::Cancel{session.handle(), *cancel});
      return;
    }
    case wire::MessageType::session: {
      auto decoded = wire::decode_session(message.body);
      if (!decoded && decoded.error() == wire::WireError::unknown_type) return;  // a newer peer's
      if (!decoded)
        return session.close(session.peer() + " sent a session message that does not decode");
      dispatch(connection, std::move(*decoded), now);
      return;
    }
    case wire::MessageType::urb_reply:
      return session.close(session.peer() + " sent a message that only an agent sends");
  }
}

void AgentControl::dispatch(Connection& connection, wire::SessionMessage&& message, Instant now) {
  PeerSession& session = *connection.session;
  if (const auto* list = std::get_if<wire::ListExports>(&message)) {
    session.send(
        wire::SessionMessage{wire::Exports{list->request, exports_.list_for(session.peer(), now)}});
  } else if (const auto* request = std::get_if<wire::Attach>(&message)) {
    attach(connection, *request, now);
  } else if (const auto* done = std::get_if<wire::Detach>(&message)) {
    if (Serving* const serving = serving_of(connection, done->attachment))
      detach(connection, *serving, "detached", now);
  } else if (const auto* open = std::get_if<wire::StreamOpen>(&message)) {
    usb_.post(agent_command::Open{session.handle(), *open});
  } else if (const auto* close = std::get_if<wire::StreamClose>(&message)) {
    usb_.post(agent_command::Close{session.handle(), *close});
  } else if (const auto* taken = std::get_if<wire::StreamTaken>(&message)) {
    usb_.post(agent_command::Taken{session.handle(), *taken});
  } else if (const auto* margin = std::get_if<wire::StreamMargin>(&message)) {
    usb_.post(agent_command::Margin{session.handle(), *margin});
  } else if (const auto* key = std::get_if<wire::KeyEpoch>(&message)) {
    session.take(*key, now);
  }
}

void AgentControl::refuse(Connection& connection, std::uint64_t request, const std::string& device,
                          const Error& error) {
  PeerSession& session = *connection.session;
  log_.info(session.peer() + " was refused " + device + ": " + error.context);
  session.send(wire::SessionMessage{wire::Refused{request, error.code, error.context}});
}

void AgentControl::attach(Connection& connection, const wire::Attach& request, Instant now) {
  PeerSession& session = *connection.session;
  if (connection.servings.size() >= kMaxServings) {
    return refuse(connection, request.request, request.device,
                  {ErrorCode::exhausted, "too many devices in use by one host"});
  }
  auto grant =
      exports_.grant(request.device, {session.peer(), connection_id(session.handle())}, now);
  if (!grant) return refuse(connection, request.request, request.device, grant.error());
  Serving serving;
  serving.id = next_attachment(connection);
  serving.request = request.request;
  serving.grant = std::move(*grant);
  connection.servings.push_back(std::move(serving));
  open_queued(now);
}

// Round and round over 1 to 255: what is still on its way to an attachment that has ended, a Detach
// above all, must not reach the next one.
AttachmentId AgentControl::next_attachment(Connection& connection) {
  std::uint8_t& last = connection.last_attachment;
  do {
    last = static_cast<std::uint8_t>(last % 255 + 1);
  } while (serving_of(connection, AttachmentId{last}) != nullptr);
  return AttachmentId{last};
}

// The lease changes hands at once; the device itself when its last session has let go of it.
void AgentControl::open_queued(Instant now) {
  for (const auto& connection : connections_) {
    std::vector<AttachmentId> ready;
    for (const Serving& serving : connection->servings) {
      if (serving.phase == Serving::Phase::queued && !is_being_given_back(serving.grant.device.id))
        ready.push_back(serving.id);
    }
    for (const AttachmentId id : ready) open(*connection, *serving_of(*connection, id), now);
  }
}

void AgentControl::open(Connection& connection, Serving& serving, Instant now) {
  auto opened = exports_.open(serving.grant.device);
  if (!opened) {
    refuse(connection, serving.request, serving.grant.device.id, opened.error());
    return detach(connection, serving, opened.error().context, now);
  }
  serving.phase = Serving::Phase::claiming;
  serving.info = (*opened)->info();
  const ExportRule& rule = *serving.grant.rule;
  usb_.post(agent_command::Add{connection.session->handle(), serving.id, std::move(*opened),
                               rule.tuning, rule.repair,
                               connection.session->payload_of(rule.packet_bytes)});
}

// Ends the lease and begins to give the device back; `serving` may be gone afterwards.
void AgentControl::detach(Connection& connection, Serving& serving, const std::string& why,
                          Instant now) {
  if (serving.phase == Serving::Phase::detaching) return;
  exports_.release(serving.grant, why, now);
  if (serving.phase == Serving::Phase::live) {
    log_.info(connection.session->peer() + " no longer uses " + serving.grant.device.id + ": " +
              why);
  }
  const bool is_on_worker = serving.phase != Serving::Phase::queued;
  serving.phase = Serving::Phase::detaching;
  if (is_on_worker)
    usb_.post(agent_command::Detach{connection.session->handle(), serving.id});
  else
    end_serving(connection, serving.id);
}

void AgentControl::end_serving(Connection& connection, AttachmentId attachment) {
  std::erase_if(connection.servings, [&](const Serving& s) { return s.id == attachment; });
}

std::size_t AgentControl::run_events(Instant now) {
  namespace ae = agent_event;
  std::size_t work = 0;
  AgentEvent event;
  while (usb_.take(event)) {
    ++work;
    if (auto* reply = std::get_if<ae::Reply>(&event)) {
      if (Connection* const c = connection_of(reply->session)) {
        c->session->send(reply->type == TransferType::bulk ? control::MessageClass::bulk
                                                           : control::MessageClass::control,
                         wire::MessageType::urb_reply, wire::encode(reply->reply));
      }
    } else if (auto* opened = std::get_if<ae::Opened>(&event)) {
      if (Connection* const c = connection_of(opened->session))
        c->session->send(wire::SessionMessage{opened->opened});
    } else if (auto* claim = std::get_if<ae::Claimed>(&event)) {
      Connection* const c = connection_of(claim->session);
      if (c == nullptr) continue;
      if (Serving* const serving = serving_of(*c, claim->attachment))
        claimed(*c, *serving, claim->status, now);
    } else if (auto* gone = std::get_if<ae::Gone>(&event)) {
      Connection* const c = connection_of(gone->session);
      if (c == nullptr) continue;
      if (Serving* const serving = serving_of(*c, gone->attachment)) {
        const std::string why = serving->grant.device.id + " was unplugged";
        c->session->send(wire::SessionMessage{wire::DeviceGone{serving->id, why}});
        detach(*c, *serving, why, now);
      }
    } else if (auto* detached = std::get_if<ae::Detached>(&event)) {
      if (Connection* const c = connection_of(detached->session))
        end_serving(*c, detached->attachment);
    }
  }
  return work;
}

void AgentControl::claimed(Connection& connection, Serving& serving, UrbStatus status,
                           Instant now) {
  if (serving.phase != Serving::Phase::claiming) return;
  PeerSession& session = *connection.session;
  const device::PresentDevice& device = serving.grant.device;
  if (status != UrbStatus::ok) {
    const Error error{ErrorCode::busy, claim_failure(device.id, status)};
    refuse(connection, serving.request, device.id, error);
    return detach(connection, serving, error.context, now);
  }
  serving.phase = Serving::Phase::live;
  log_.info(session.peer() + " uses " + device.id +
            (device.product.empty() ? "" : " (" + device.product + ")"));
  wire::Attached attached;
  attached.request = serving.request;
  attached.attachment = serving.id;
  attached.info = describe(device);
  attached.device_descriptor = serving.info.device_descriptor;
  attached.configuration_descriptors = serving.info.configuration_descriptors;
  attached.active_configuration = serving.info.active_configuration;
  attached.packet_bytes = static_cast<std::uint32_t>(serving.grant.rule->packet_bytes);
  attached.playout = serving.grant.rule->playout;
  session.send(wire::SessionMessage{std::move(attached)});
}

AgentControl::Connection* AgentControl::connection_of(SessionHandle session) {
  const auto found = std::find_if(connections_.begin(), connections_.end(), [&](const auto& c) {
    return c->session != nullptr && c->session->handle() == session;
  });
  return found == connections_.end() ? nullptr : found->get();
}

AgentControl::Serving* AgentControl::serving_of(Connection& connection, AttachmentId attachment) {
  const auto found = std::find_if(connection.servings.begin(), connection.servings.end(),
                                  [&](const Serving& s) { return s.id == attachment; });
  return found == connection.servings.end() ? nullptr : &*found;
}

bool AgentControl::is_being_given_back(const std::string& device) const {
  return std::any_of(connections_.begin(), connections_.end(), [&](const auto& connection) {
    return std::any_of(
        connection->servings.begin(), connection->servings.end(), [&](const Serving& serving) {
          return serving.grant.device.id == device && serving.phase != Serving::Phase::queued;
        });
  });
}

bool AgentControl::take(PacketEvent& event, Instant now) {
  Connection* const connection = connection_of(event.handle);
  if (connection == nullptr) return false;
  if (event.kind == PacketEvent::Kind::report) {
    connection->counters = event.counters;
    connection->path = event.path;
    connection->path_payload = event.path_payload;
    connection->paths.assign(event.paths.begin(), event.paths.begin() + event.path_count);
  }
  connection->session->take(event, now);
  tell_paths(*connection->session, log_);
  return true;
}

Instant AgentControl::next_deadline() const {
  Instant next = acceptor_.next_deadline();
  if (!connections_.empty()) next = std::min(next, next_renewal_);
  if (exports_.is_missing_any()) next = std::min(next, next_look_);
  for (const auto& connection : connections_)
    next = std::min(next, connection->session->next_deadline());
  return next;
}

void AgentControl::append_descriptors(std::vector<int>& readable) const {
  acceptor_.append_descriptors(readable);
  for (const auto& connection : connections_) connection->session->append_descriptors(readable);
}

void AgentControl::append_writable(std::vector<int>& writable) const {
  acceptor_.append_writable(writable);
  for (const auto& connection : connections_) connection->session->append_writable(writable);
}

}  // namespace usbgw::node
