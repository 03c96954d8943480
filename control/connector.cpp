#include "control/connector.h"

namespace usbgw::control {

Connector::Connector(const crypto::TlsContext& context, ConnectorConfig config)
    : context_(context),
      config_(std::move(config)),
      backoff_(config_.backoff_floor, config_.backoff_ceiling, config_.seed) {}

std::size_t Connector::turn(Instant now) {
  if (state_ == State::waiting && now >= next_attempt_) attempt(now);
  if (!channel_) return 0;
  const std::size_t work = channel_->turn(now);
  if (state_ != State::trying) return work;
  if (channel_->state() == ChannelState::open) {
    state_ = State::open;
    opened_ = now;
  } else if (channel_->state() == ChannelState::closed) {
    wait(now, channel_->close_reason());
  }
  return work;
}

void Connector::attempt(Instant now) {
  ++attempts_;
  auto socket = connect_tcp(config_.remote, config_.local, config_.socket);
  if (!socket) return wait(now, socket.error().context);
  channel_ = std::make_unique<TlsChannel>(
      std::move(*socket), SocketProgress::connecting, config_.remote,
      context_.connect(config_.expected_peer, config_.remote.to_string()), config_.channel, now);
  state_ = State::trying;
}

// A refused channel keeps turning meanwhile, so that its last words reach the peer.
void Connector::wait(Instant now, std::string why) {
  last_failure_ = std::move(why);
  next_attempt_ = now + backoff_.next();
  state_ = State::waiting;
}

std::unique_ptr<TlsChannel> Connector::take() {
  if (state_ != State::open) return nullptr;
  state_ = State::taken;
  return std::move(channel_);
}

void Connector::restart(Instant now) {
  if (state_ != State::taken) return;
  if (now - opened_ >= config_.backoff_ceiling) backoff_.reset();
  next_attempt_ = now + backoff_.next();
  state_ = State::waiting;
}

Instant Connector::next_deadline() const {
  const Instant own = state_ == State::waiting ? next_attempt_ : kNever;
  return channel_ ? std::min(own, channel_->next_deadline()) : own;
}

void Connector::append_descriptors(std::vector<int>& readable) const {
  if (channel_) channel_->append_descriptors(readable);
}

void Connector::append_writable(std::vector<int>& writable) const {
  if (channel_) channel_->append_writable(writable);
}

}  // namespace usbgw::control
