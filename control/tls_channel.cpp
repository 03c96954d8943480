#include "control/tls_channel.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "wire/text.h"

namespace usbgw::control {
namespace {

constexpr std::size_t kReadBytes = 16384;
constexpr std::size_t kReadsPerTurn = 64;
constexpr std::size_t kWritesPerTurn = 64;
constexpr std::byte kReadyBody[] = {std::byte{kFrameVersion}};

std::string in_seconds(Duration duration) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  return ms % 1000 == 0 ? std::to_string(ms / 1000) + " s" : std::to_string(ms) + " ms";
}

bool would_block(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

}  // namespace

TlsChannel::TlsChannel(FileDescriptor socket, SocketProgress progress, const SocketAddress& remote,
                       std::unique_ptr<crypto::TlsConnection> tls, const ChannelConfig& config,
                       Instant now)
    : socket_(std::move(socket)),
      remote_(remote),
      tls_(std::move(tls)),
      config_(config),
      phase_(progress == SocketProgress::connecting ? Phase::connecting : Phase::handshake),
      peer_(remote.to_string()),
      sender_(config.send_limits),
      now_(now),
      handshake_deadline_(now + config.handshake_timeout),
      last_heard_(now),
      next_heartbeat_(now + config.heartbeat) {}

TlsChannel::~TlsChannel() {
  if (phase_ == Phase::open) close("shutting down");
}

std::size_t TlsChannel::turn(Instant now) {
  now_ = now;
  std::size_t work = 0;
  if (phase_ == Phase::connecting) work += check_connected();
  if (phase_ != Phase::connecting) work += read_socket();
  check_timers();
  if (phase_ != Phase::connecting) work += write_socket();
  return work;
}

std::size_t TlsChannel::check_connected() {
  const auto error = connect_error(socket_.get());
  if (!error) return 0;
  if (*error == 0)
    phase_ = Phase::handshake;
  else
    finish(with_errno("cannot connect to " + label(), *error));
  return 1;
}

std::size_t TlsChannel::read_socket() {
  std::size_t reads = 0;
  while (reads < kReadsPerTurn && phase_ != Phase::finished && !is_inbox_full() && read_once())
    ++reads;
  return reads;
}

bool TlsChannel::read_once() {
  std::array<std::byte, kReadBytes> buffer;
  const ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (got > 0) {
    last_heard_ = now_;
    if (phase_ != Phase::draining)
      take_ciphertext(std::span(buffer).first(static_cast<std::size_t>(got)));
    return true;
  }
  if (got < 0 && would_block(errno)) return false;
  const bool shaking = phase_ == Phase::handshake;
  if (got == 0)
    finish(label() + " closed the connection" + (shaking ? " during the handshake" : ""));
  else
    finish(with_errno("connection to " + label() + " lost", errno));
  return false;
}

void TlsChannel::take_ciphertext(std::span<const std::byte> bytes) {
  tls_->receive(bytes);
  check_tls();
  take_plaintext();
  check_tls();
}

// The handshake may have ended, the peer may have ended, or TLS may have failed.
void TlsChannel::check_tls() {
  if (phase_ == Phase::draining || phase_ == Phase::finished) return;
  switch (tls_->state()) {
    case crypto::TlsState::handshake:
      return;
    case crypto::TlsState::open:
      if (said_ready_) return;
      said_ready_ = true;
      peer_ = tls_->peer_name();
      sender_.push_notice(NoticeKind::ready, kReadyBody);
      return;
    case crypto::TlsState::finished:
      return finish(label() + " closed the connection");
    case crypto::TlsState::failed:
      return begin_drain(tls_->failure());
  }
}

void TlsChannel::take_plaintext() {
  std::array<std::byte, kReadBytes> plain;
  while (phase_ == Phase::handshake || phase_ == Phase::open) {
    const std::size_t bytes = tls_->read(plain);
    if (bytes == 0) return;
    const bool sound = assembler_.feed(std::span(plain).first(bytes), arrivals_);
    for (auto& arrival : arrivals_) handle(std::move(arrival));
    arrivals_.clear();
    if (!sound) begin_drain(label() + " broke the protocol: " + assembler_.fault());
  }
}

void TlsChannel::handle(Arrival&& arrival) {
  if (phase_ == Phase::draining || phase_ == Phase::finished) return;
  if (const auto* notice = std::get_if<Notice>(&arrival)) return handle(*notice);
  if (phase_ != Phase::open)
    return begin_drain(label() + " broke the protocol: a message before it was ready");
  inbox_.push_back(std::get<Message>(std::move(arrival)));
  inbox_bytes_ += inbox_.back().body.size();
}

void TlsChannel::handle(const Notice& notice) {
  if (notice.kind == NoticeKind::goodbye) return finish(label() + " closed: " + notice.text);
  if ((notice.kind == NoticeKind::ready) != (phase_ == Phase::handshake))
    return begin_drain(label() + " broke the protocol: a notice out of order");
  if (notice.kind == NoticeKind::heartbeat) return;
  if (notice.version != kFrameVersion)
    return begin_drain(label() + " speaks version " + std::to_string(notice.version) +
                       " of the control channel, this side " + std::to_string(kFrameVersion));
  phase_ = Phase::open;
  next_heartbeat_ = now_ + config_.heartbeat;
}

void TlsChannel::check_timers() {
  if (is_inbox_full()) last_heard_ = now_;  // it is we who do not listen
  switch (phase_) {
    case Phase::connecting:
    case Phase::handshake:
      if (now_ >= handshake_deadline_)
        finish("no answer from " + label() + " within " + in_seconds(config_.handshake_timeout));
      return;
    case Phase::open:
      if (now_ >= last_heard_ + config_.dead_after)
        return finish("no answer from " + label() + " within " + in_seconds(config_.dead_after));
      if (now_ < next_heartbeat_) return;
      sender_.push_notice(NoticeKind::heartbeat);
      next_heartbeat_ = now_ + config_.heartbeat;
      return;
    case Phase::draining:
      if (now_ >= drain_deadline_) finish({});
      return;
    case Phase::finished:
      return;
  }
}

std::size_t TlsChannel::write_socket() {
  std::size_t writes = 0;
  while (writes < kWritesPerTurn && phase_ != Phase::finished && !write_ended_) {
    if (!flush_output() || write_ended_) break;
    if (!refill_output() && !say_goodbye()) break;
    ++writes;
  }
  return writes;
}

// True when nothing waits any more.
bool TlsChannel::flush_output() {
  while (output_sent_ < output_.size()) {
    const ssize_t sent = ::send(socket_.get(), output_.data() + output_sent_,
                                output_.size() - output_sent_, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) {
      if (!would_block(errno)) write_failed(errno);
      return false;
    }
    output_sent_ += static_cast<std::size_t>(sent);
  }
  output_.clear();
  output_sent_ = 0;
  return true;
}

// The peer's last words, an alert or a goodbye, may still wait to be read; they tell more than the
// error does.
void TlsChannel::write_failed(int error) {
  write_ended_ = true;
  static_cast<void>(read_socket());
  if (phase_ != Phase::finished) finish(with_errno("connection to " + label() + " lost", error));
}

// One frame at a time: what is encrypted cannot be overtaken any more.
bool TlsChannel::refill_output() {
  std::array<std::byte, kMaxFrameBytes> frame;
  if (tls_->state() == crypto::TlsState::open)
    if (const std::size_t bytes = sender_.next_frame(frame); bytes != 0)
      static_cast<void>(tls_->write(std::span(frame).first(bytes)));
  std::array<std::byte, kMaxFrameBytes> ciphertext;
  while (const std::size_t bytes = tls_->take_output(ciphertext))
    output_.insert(output_.end(), ciphertext.begin(),
                   ciphertext.begin() + static_cast<std::ptrdiff_t>(bytes));
  return !output_.empty();
}

// Draining, everything before it sent: the goodbye, TLS's own, then FIN. True while there is more.
bool TlsChannel::say_goodbye() {
  if (phase_ != Phase::draining) return false;
  if (!said_goodbye_) {
    said_goodbye_ = true;
    const std::string text = wire::make_printable(close_reason_, kMaxGoodbyeBytes);
    sender_.push_notice(NoticeKind::goodbye, std::as_bytes(std::span(text.data(), text.size())));
    if (refill_output()) return true;
  }
  tls_->finish();
  if (tls_->state() == crypto::TlsState::open && refill_output() && !flush_output()) return true;
  write_ended_ = true;
  ::shutdown(socket_.get(), SHUT_WR);
  return false;
}

bool TlsChannel::send(MessageClass message_class, Message&& message) {
  return phase_ == Phase::open && sender_.push(message_class, std::move(message));
}

std::optional<Message> TlsChannel::receive() {
  if (inbox_.empty()) return std::nullopt;
  Message message = std::move(inbox_.front());
  inbox_.pop_front();
  inbox_bytes_ -= message.body.size();
  return message;
}

void TlsChannel::close(std::string reason) {
  if (phase_ == Phase::connecting) return finish(std::move(reason));
  if (phase_ == Phase::handshake || phase_ == Phase::open) begin_drain(std::move(reason));
}

void TlsChannel::begin_drain(std::string reason) {
  if (phase_ == Phase::draining || phase_ == Phase::finished) return;
  phase_ = Phase::draining;
  close_reason_ = std::move(reason);
  drain_deadline_ = now_ + config_.linger;
  sender_.drop(MessageClass::bulk);
  static_cast<void>(write_socket());
}

void TlsChannel::finish(std::string reason) {
  if (phase_ == Phase::finished) return;
  if (phase_ != Phase::draining) close_reason_ = std::move(reason);
  phase_ = Phase::finished;
  socket_.reset();
}

Result<void> TlsChannel::export_secret(std::string_view secret_label,
                                       std::span<std::byte, 32> secret) {
  if (phase_ != Phase::open)
    return fail(ErrorCode::disconnected, "the channel to " + label() + " is not open");
  return tls_->export_secret(secret_label, secret);
}

ChannelState TlsChannel::state() const {
  switch (phase_) {
    case Phase::connecting:
    case Phase::handshake:
      return ChannelState::connecting;
    case Phase::open:
      return ChannelState::open;
    case Phase::draining:
    case Phase::finished:
      break;
  }
  return ChannelState::closed;
}

Instant TlsChannel::next_deadline() const {
  switch (phase_) {
    case Phase::connecting:
    case Phase::handshake:
      return handshake_deadline_;
    case Phase::open:
      return std::min(next_heartbeat_, last_heard_ + config_.dead_after);
    case Phase::draining:
      return drain_deadline_;
    case Phase::finished:
      break;
  }
  return kNever;
}

void TlsChannel::append_descriptors(std::vector<int>& readable) const {
  if (socket_ && phase_ != Phase::connecting && !is_inbox_full()) readable.push_back(socket_.get());
}

void TlsChannel::append_writable(std::vector<int>& writable) const {
  if (socket_ && has_output()) writable.push_back(socket_.get());
}

bool TlsChannel::has_output() const {
  if (phase_ == Phase::connecting) return true;
  if (write_ended_) return false;
  return !output_.empty() || !sender_.is_empty() || phase_ == Phase::draining;
}

bool TlsChannel::is_inbox_full() const {
  if (phase_ == Phase::draining) return false;  // what comes is thrown away
  return inbox_bytes_ >= config_.receive_bytes || inbox_.size() >= config_.receive_messages;
}

std::string TlsChannel::label() const {
  const std::string address = remote_.to_string();
  return peer_ == address ? address : peer_ + " (" + address + ")";
}

}  // namespace usbgw::control
