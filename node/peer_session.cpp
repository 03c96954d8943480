#include "node/peer_session.h"

#include <algorithm>
#include <array>

#include "common/assertion.h"
#include "wire/session_codec.h"

namespace usbgw::node {
namespace {

constexpr std::string_view kExporterLabel = "EXPORTER-usbgw-datagrams";
constexpr std::size_t kSmallestDatagram =
    1200;  // RFC 8200's minimum link less headers, as QUIC assumes
// Several times what a kernel has in flight on one connection (usbfs: 16 MiB by default).
constexpr std::size_t kMostWaitingBytes = std::size_t{256} << 20;
constexpr std::size_t kMostWaitingMessages = 65'536;

}  // namespace

PeerSession::PeerSession(SessionHandle handle, std::unique_ptr<control::ReliableChannel> channel,
                         const LocalNode& local, bool is_host, SessionNumbers& numbers,
                         PacketLoop& packets)
    : handle_(handle),
      channel_(std::move(channel)),
      local_(local),
      is_host_(is_host),
      numbers_(numbers),
      index_(numbers.next_index()),
      packets_(packets) {}

std::size_t PeerSession::turn(Instant now) {
  if (state_ == State::closed) return 0;
  std::size_t work = flush();
  work += channel_->turn(now);
  if (state_ == State::connecting && channel_->state() == control::ChannelState::open) {
    state_ = State::greeting;
    greet();
    ++work;
  }
  if (state_ == State::greeting) take_greeting(now);
  if (state_ == State::open) {
    if (const auto next = rotation_->turn(now)) send(wire::SessionMessage{*next});
    hand_over_repair_window();
  }
  work += flush();
  if (channel_->state() == control::ChannelState::closed && state_ != State::closed) {
    state_ = State::closed;
    ++work;
  }
  return work;
}

const std::string& PeerSession::close_reason() const {
  return reason_.empty() ? channel_->close_reason() : reason_;
}

void PeerSession::greet() {
  wire::Hello hello;
  hello.protocol = kProtocol;
  hello.name = local_.name;
  hello.version = local_.version;
  hello.dataplane = local_.dataplane;
  hello.session_index = index_.value();
  hello.max_datagram = static_cast<std::uint32_t>(local_.max_datagram);
  hello.second_path = local_.second_path;
  send(wire::SessionMessage{hello});
}

void PeerSession::take_greeting(Instant now) {
  auto message = channel_->receive();
  if (!message) return;
  const auto decoded =
      message->type == wire::MessageType::session
          ? wire::decode_session(message->body)
          : wire::WireResult<wire::SessionMessage>(tl::unexpected(wire::WireError::unknown_type));
  const auto* hello = decoded ? std::get_if<wire::Hello>(&*decoded) : nullptr;
  if (hello == nullptr) return close(channel_->peer() + " did not start with a greeting");
  if (hello->protocol != kProtocol) {
    return close(channel_->peer() + " speaks protocol " + std::to_string(hello->protocol) +
                 ", we speak " + std::to_string(kProtocol) +
                 ": install the same version of usbgw on both ends");
  }
  const auto started = start_datagrams(*hello, now);
  if (!started) return close(started.error().context);
  peer_name_ = channel_->peer();  // authenticated; the greeting is only what the peer calls itself
  state_ = State::open;
}

Result<void> PeerSession::start_datagrams(const wire::Hello& hello, Instant now) {
  KeyRotation::Secret secret;
  const auto exported = channel_->export_secret(kExporterLabel, secret);
  if (!exported) return tl::unexpected(exported.error());
  const std::size_t most =
      std::min<std::size_t>({hello.max_datagram, local_.max_datagram, local_.links.block_bytes});
  if (most < kSmallestDatagram) {
    return fail(ErrorCode::protocol, hello.name + " can take datagrams of " +
                                         std::to_string(hello.max_datagram) + " bytes only; " +
                                         std::to_string(kSmallestDatagram) + " are needed");
  }
  session::SessionConfig config;
  config.local_index = index_;
  config.remote_index = session::SessionIndex{hello.session_index};
  config.remote = hello.dataplane;
  is_v4_ = hello.dataplane.address.is_v4();
  if (local_.second_path && hello.second_path) {
    config.second_remote = hello.second_path;
    is_v4_ = is_v4_ && hello.second_path->address.is_v4();
    paths_.emplace(channel_->peer(), now);
  } else if (local_.second_path) {
    path_news_.push_back(
        {false, channel_->peer() + " has no second path: there is one path to it"});
  }
  config.initial_payload = std::min(config.initial_payload, most);
  config.max_payload = max_payload_ = most;
  links_ = std::make_shared<SessionLinks>(local_.links);
  PacketCommand add;
  add.kind = PacketCommand::Kind::add;
  add.handle = handle_;
  add.session = std::make_unique<session::Session>(
      config, session::derive_keys(secret, is_host_, 0, 0), links_->inbound, links_->outbound);
  add.links = links_;
  if (!packets_.post(std::move(add))) {
    return fail(ErrorCode::exhausted, local_.name + " has connections to " +
                                          std::to_string(kMaxSessions) +
                                          " peers, and can have no more");
  }
  datagrams_added_ = true;
  rotation_.emplace(handle_, secret, is_host_, numbers_, packets_, now);
  return {};
}

void PeerSession::take(const wire::KeyEpoch& next, Instant now) {
  if (state_ != State::open) return;
  const auto taken = rotation_->take(next, now);
  if (!taken) close(channel_->peer() + " " + taken.error().context);
}

void PeerSession::take(const PacketEvent& event, Instant now) {
  if (state_ != State::open) return;
  if (event.kind == PacketEvent::Kind::report) {
    rotation_->count(event.key_epoch, event.packets_under_key, now);
    watch_paths(event, now);
  }
  if (event.kind != PacketEvent::Kind::wants_repair_window) return;
  repair_window_ = session::make_repair_window(max_payload_);
  hand_over_repair_window();
}

// While the packet worker has much to read, later.
void PeerSession::hand_over_repair_window() {
  if (repair_window_ == nullptr) return;
  PacketCommand command;
  command.kind = PacketCommand::Kind::repair_window;
  command.handle = handle_;
  command.repair_window = std::move(repair_window_);
  if (!packets_.post_if_calm(std::move(command))) repair_window_ = std::move(command.repair_window);
}

void PeerSession::watch_paths(const PacketEvent& report, Instant now) {
  if (!paths_) return;
  for (std::size_t i = 0; i < report.path_count; ++i)
    if (auto news = paths_->take(static_cast<PathId>(i), report.paths[i], now))
      path_news_.push_back(std::move(*news));
}

std::optional<PathWatch::News> PeerSession::take_path_news() {
  if (path_news_.empty()) return std::nullopt;
  auto news = std::move(path_news_.front());
  path_news_.pop_front();
  return news;
}

void tell_paths(PeerSession& session, Log& log) {
  while (const auto news = session.take_path_news()) {
    if (news->is_bad)
      log.warning(news->text);
    else
      log.info(news->text);
  }
}

std::optional<control::Message> PeerSession::receive() {
  if (state_ != State::open) return std::nullopt;
  return channel_->receive();
}

void PeerSession::send(const wire::SessionMessage& message) {
  send(control::MessageClass::control, wire::MessageType::session, wire::encode(message));
}

void PeerSession::send(control::MessageClass message_class, wire::MessageType type,
                       std::vector<std::byte>&& body) {
  if (state_ == State::closed) return;
  auto& waiting =
      message_class == control::MessageClass::control ? waiting_control_ : waiting_bulk_;
  waiting_bytes_ += body.size();
  waiting.push_back({message_class, control::Message{type, std::move(body)}});
  static_cast<void>(flush());
  if (waiting_bytes_ > kMostWaitingBytes ||
      waiting_control_.size() + waiting_bulk_.size() > kMostWaitingMessages)
    close(channel_->peer() + " does not read what it is sent");
}

std::size_t PeerSession::flush() {
  if (channel_->state() != control::ChannelState::open) return 0;
  std::size_t sent = 0;
  for (auto* waiting : {&waiting_control_, &waiting_bulk_}) {
    while (!waiting->empty()) {
      const std::size_t bytes = waiting->front().message.body.size();
      if (!channel_->send(waiting->front().message_class, std::move(waiting->front().message)))
        break;
      waiting_bytes_ -= bytes;
      waiting->pop_front();
      ++sent;
    }
  }
  return sent;
}

void PeerSession::close(std::string reason) {
  reason_ = reason;
  channel_->close(std::move(reason));
  state_ = State::closed;
}

void PeerSession::remove_datagrams() {
  if (!datagrams_added_) return;
  datagrams_added_ = false;
  PacketCommand remove;
  remove.kind = PacketCommand::Kind::remove;
  remove.handle = handle_;
  const bool posted = packets_.post(std::move(remove));
  USBGW_ASSERT(posted);  // one removal for each addition, and additions leave room
}

Instant PeerSession::next_deadline() const {
  if (state_ == State::closed) return kNever;
  if (state_ == State::open && repair_window_ != nullptr) return Instant{};
  const Instant next = channel_->next_deadline();
  return state_ == State::open ? std::min(next, rotation_->next_deadline()) : next;
}

}  // namespace usbgw::node
