#include "node/agent_control.h"

#include <algorithm>

#include "wire/session_codec.h"

namespace usbgw::node {
namespace {

constexpr std::size_t kMaxConnections = 32;
constexpr std::size_t kMaxServings = 64;
static_assert(kMaxServings < 256, "an attachment id has 8 bits");

// "1209:a101" selects every serial; "1209:a101:0001" one; "software:uac2" itself.
bool selects(const std::string& selector, const device::PresentDevice& device) {
  return selector == device.id || device.id.starts_with(selector + ":");
}

wire::ExportInfo describe(const device::PresentDevice& device) {
  wire::ExportInfo info;
  info.id = device.id;
  info.vendor_id = device.vendor_id;
  info.product_id = device.product_id;
  info.serial = device.serial;
  info.manufacturer = device.manufacturer;
  info.product = device.product;
  info.speed = device.speed;
  info.present = true;
  info.interface_classes = device.interface_classes;
  return info;
}

std::string claim_failure(const std::string& device, UrbStatus status) {
  if (status == UrbStatus::no_device) return device + " was unplugged";
  return device + " cannot be claimed: another program on the agent is using it";
}

}  // namespace

struct AgentControl::Serving {
  enum class Phase : std::uint8_t { claiming, live, detaching };
  AttachmentId id;
  Phase phase = Phase::claiming;
  std::uint64_t request = 0;
  device::PresentDevice device;
  device::DeviceInfo info;
  Instant since{};
};

struct AgentControl::Connection {
  std::unique_ptr<PeerSession> session;
  bool usb_added = false;
  bool is_leaving = false;
  std::vector<Serving> servings;
  session::SessionCounters counters;
  PathEstimate path;
  std::size_t path_payload = 0;
};

AgentControl::AgentControl(const LocalNode& local, std::vector<ExportRule> exports,
                           ChannelAcceptor& acceptor, device::DeviceProvider& devices,
                           AccessPolicy& access, AgentUsbLoop& usb, PacketLoop& packets,
                           SessionNumbers& numbers)
    : local_(local),
      exports_(std::move(exports)),
      acceptor_(acceptor),
      devices_(devices),
      access_(access),
      usb_(usb),
      packets_(packets),
      numbers_(numbers) {}

AgentControl::~AgentControl() = default;

std::vector<wire::ExportInfo> AgentControl::exports(Instant now) {
  std::vector<wire::ExportInfo> infos;
  const auto present = devices_.list();
  for (const device::PresentDevice& device : present) {
    const ExportRule* const rule = rule_for(device);
    if (rule == nullptr) continue;
    wire::ExportInfo info = describe(device);
    info.policy = rule->policy;
    if (const auto holder = holder_of(device.id)) {
      info.holder = holder->name;
      const auto held = std::chrono::duration_cast<std::chrono::seconds>(now - holder->since);
      info.held_seconds = static_cast<std::uint64_t>(std::max<std::int64_t>(held.count(), 0));
    }
    infos.push_back(std::move(info));
  }
  for (const ExportRule& rule : exports_) {
    if (std::any_of(present.begin(), present.end(),
                    [&](const auto& d) { return selects(rule.device, d); }))
      continue;
    wire::ExportInfo info;
    info.id = rule.device;
    info.policy = rule.policy;
    infos.push_back(std::move(info));
  }
  return infos;
}

std::vector<AgentControl::PeerReport> AgentControl::peers() const {
  std::vector<PeerReport> reports;
  for (const auto& c : connections_) {
    if (c->session->state() == PeerSession::State::open) {
      reports.push_back({c->session->peer(), c->counters, c->path, c->path_payload});
    }
  }
  return reports;
}

void AgentControl::stop() {
  stopping_ = true;
}

std::size_t AgentControl::turn(Instant now) {
  usb_.flush_commands();
  std::size_t work = run_events();
  work += acceptor_.turn(now);
  if (!stopping_ && connections_.size() < kMaxConnections) {
    if (auto channel = acceptor_.accept(now)) {
      auto connection = std::make_unique<Connection>();
      connection->session =
          std::make_unique<PeerSession>(numbers_.next_handle(), std::move(channel), local_, false,
                                        numbers_.next_index(), packets_);
      connections_.push_back(std::move(connection));
      ++work;
    }
  }
  for (const auto& connection : connections_) work += turn_connection(*connection, now);
  const auto ended =
      std::erase_if(connections_, [](const auto& c) { return c->session == nullptr; });
  return work + ended;
}

std::size_t AgentControl::turn_connection(Connection& connection, Instant now) {
  PeerSession& session = *connection.session;
  std::size_t work = session.turn(now);
  if (session.state() == PeerSession::State::open) {
    if (!connection.usb_added) {
      connection.usb_added = true;
      usb_.post(agent_command::AddSession{session.handle(), session.links()});
    }
    while (auto message = session.receive()) {
      dispatch(connection, std::move(*message), now);
      ++work;
    }
  }
  if (stopping_ && session.state() != PeerSession::State::closed)
    session.close(local_.name + " stops");
  if (session.state() == PeerSession::State::closed) leave(connection);
  return work;
}

// The host is gone: every device is given back, then the session ends.
void AgentControl::leave(Connection& connection) {
  connection.is_leaving = true;
  for (Serving& serving : connection.servings) detach(connection, serving);
  if (!connection.servings.empty()) return;
  if (connection.usb_added) usb_.post(agent_command::RemoveSession{connection.session->handle()});
  connection.session->remove_datagrams();
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
    session.send(wire::SessionMessage{wire::Exports{list->request, exports(now)}});
  } else if (const auto* request = std::get_if<wire::Attach>(&message)) {
    attach(connection, *request, now);
  } else if (const auto* done = std::get_if<wire::Detach>(&message)) {
    if (Serving* const serving = serving_of(connection, done->attachment))
      detach(connection, *serving);
  } else if (const auto* open = std::get_if<wire::StreamOpen>(&message)) {
    usb_.post(agent_command::Open{session.handle(), *open});
  } else if (const auto* close = std::get_if<wire::StreamClose>(&message)) {
    usb_.post(agent_command::Close{session.handle(), *close});
  }
}

Result<device::PresentDevice> AgentControl::choose(const Connection& connection,
                                                   const std::string& device,
                                                   const ExportRule*& rule) {
  std::vector<device::PresentDevice> candidates;
  for (auto& present : devices_.list()) {
    if (selects(device, present) && rule_for(present) != nullptr)
      candidates.push_back(std::move(present));
  }
  if (candidates.empty()) {
    const bool known = std::any_of(exports_.begin(), exports_.end(),
                                   [&](const auto& e) { return e.device == device; });
    return fail(ErrorCode::not_found,
                known ? device + " is exported by " + local_.name + " but not plugged in"
                      : local_.name + " exports no " + device);
  }
  if (candidates.size() > 1) {
    std::string ids;
    for (const auto& candidate : candidates) ids += (ids.empty() ? "" : ", ") + candidate.id;
    return fail(ErrorCode::invalid_argument,
                device + " is ambiguous on " + local_.name + ": " + ids);
  }
  rule = rule_for(candidates.front());
  if (auto reason = access_.refuses(connection.session->peer(), candidates.front())) {
    return fail(ErrorCode::refused, std::move(*reason));
  }
  return std::move(candidates.front());
}

void AgentControl::attach(Connection& connection, const wire::Attach& request, Instant now) {
  PeerSession& session = *connection.session;
  const auto refuse = [&](ErrorCode code, std::string text) {
    session.send(wire::SessionMessage{wire::Refused{request.request, code, std::move(text)}});
  };
  const ExportRule* rule = nullptr;
  auto present = choose(connection, request.device, rule);
  if (!present) return refuse(present.error().code, present.error().context);
  if (const auto holder = holder_of(present->id)) {
    const auto held = std::chrono::duration_cast<std::chrono::seconds>(now - holder->since).count();
    return refuse(ErrorCode::busy, present->id + " is held by " + holder->name + " for " +
                                       std::to_string(held) + " s");
  }
  if (connection.servings.size() >= kMaxServings)
    return refuse(ErrorCode::exhausted, "too many devices in use by one host");
  auto opened = devices_.open(*present);
  if (!opened) return refuse(opened.error().code, opened.error().context);
  std::uint8_t free_id = 1;
  while (serving_of(connection, AttachmentId{free_id}) != nullptr) ++free_id;
  Serving serving;
  serving.id = AttachmentId{free_id};
  serving.request = request.request;
  serving.device = std::move(*present);
  serving.info = (*opened)->info();
  serving.since = now;
  connection.servings.push_back(std::move(serving));
  usb_.post(agent_command::Add{session.handle(), AttachmentId{free_id}, std::move(*opened),
                               rule->tuning, rule->repair});
}

void AgentControl::detach(Connection& connection, Serving& serving) {
  if (serving.phase == Serving::Phase::detaching) return;
  serving.phase = Serving::Phase::detaching;
  usb_.post(agent_command::Detach{connection.session->handle(), serving.id});
}

std::size_t AgentControl::run_events() {
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
        claimed(*c, *serving, claim->status);
    } else if (auto* gone = std::get_if<ae::Gone>(&event)) {
      Connection* const c = connection_of(gone->session);
      if (c == nullptr) continue;
      if (Serving* const serving = serving_of(*c, gone->attachment)) {
        c->session->send(wire::SessionMessage{
            wire::DeviceGone{serving->id, serving->device.id + " was unplugged"}});
        detach(*c, *serving);
      }
    } else if (auto* detached = std::get_if<ae::Detached>(&event)) {
      if (Connection* const c = connection_of(detached->session)) {
        std::erase_if(c->servings, [&](const Serving& s) { return s.id == detached->attachment; });
      }
    }
  }
  return work;
}

void AgentControl::claimed(Connection& connection, Serving& serving, UrbStatus status) {
  if (serving.phase != Serving::Phase::claiming) return;
  PeerSession& session = *connection.session;
  if (status != UrbStatus::ok) {
    session.send(wire::SessionMessage{
        wire::Refused{serving.request, ErrorCode::busy, claim_failure(serving.device.id, status)}});
    return detach(connection, serving);
  }
  serving.phase = Serving::Phase::live;
  wire::Attached attached;
  attached.request = serving.request;
  attached.attachment = serving.id;
  attached.info = describe(serving.device);
  attached.device_descriptor = serving.info.device_descriptor;
  attached.configuration_descriptors = serving.info.configuration_descriptors;
  attached.active_configuration = serving.info.active_configuration;
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

const ExportRule* AgentControl::rule_for(const device::PresentDevice& device) const {
  const auto found = std::find_if(exports_.begin(), exports_.end(),
                                  [&](const auto& e) { return selects(e.device, device); });
  return found == exports_.end() ? nullptr : &*found;
}

std::optional<AgentControl::Holder> AgentControl::holder_of(const std::string& device) const {
  for (const auto& connection : connections_) {
    for (const Serving& serving : connection->servings) {
      if (serving.device.id == device) return Holder{connection->session->peer(), serving.since};
    }
  }
  return std::nullopt;
}

bool AgentControl::take(PacketEvent& event) {
  Connection* const connection = connection_of(event.handle);
  if (connection == nullptr) return false;
  if (event.kind == PacketEvent::Kind::report) {
    connection->counters = event.counters;
    connection->path = event.path;
    connection->path_payload = event.path_payload;
  }
  return true;
}

Instant AgentControl::next_deadline() const {
  Instant next = acceptor_.next_deadline();
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
