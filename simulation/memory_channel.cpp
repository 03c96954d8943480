#include "simulation/memory_channel.h"

#include "common/random.h"

namespace usbgw::simulation {

std::pair<std::unique_ptr<MemoryChannel>, std::unique_ptr<MemoryChannel>> MemoryChannel::make_pair(
    std::string first_name, std::string second_name, Duration delay, std::uint64_t secret) {
  auto first = std::make_unique<MemoryChannel>();
  auto second = std::make_unique<MemoryChannel>();
  first->incoming_ = second->outgoing_ = std::make_shared<Pipe>();
  first->outgoing_ = second->incoming_ = std::make_shared<Pipe>();
  first->delay_ = second->delay_ = delay;
  first->secret_ = second->secret_ = secret;
  first->peer_name_ = std::move(second_name);
  second->peer_name_ = std::move(first_name);
  return {std::move(first), std::move(second)};
}

MemoryChannel::~MemoryChannel() {
  if (outgoing_) outgoing_->closed = true;
}

std::size_t MemoryChannel::turn(Instant now) {
  now_ = now;
  if (state_ == control::ChannelState::open && incoming_->closed && incoming_->messages.empty()) {
    state_ = control::ChannelState::closed;
    reason_ = peer_name_ + " closed the connection";
    return 1;
  }
  return 0;
}

Instant MemoryChannel::next_deadline() const {
  if (state_ == control::ChannelState::closed) return kNever;
  if (incoming_->messages.empty()) return incoming_->closed ? Instant{} : kNever;
  return incoming_->messages.front().arrival;
}

bool MemoryChannel::send(control::MessageClass, control::Message&& message) {
  if (state_ != control::ChannelState::open) return false;
  outgoing_->messages.push_back({now_ + delay_, std::move(message)});
  return true;
}

std::optional<control::Message> MemoryChannel::receive() {
  if (incoming_->messages.empty() || incoming_->messages.front().arrival > now_)
    return std::nullopt;
  control::Message message = std::move(incoming_->messages.front().message);
  incoming_->messages.pop_front();
  return message;
}

Result<void> MemoryChannel::export_secret(std::string_view label, std::span<std::byte, 32> secret) {
  Random random(secret_ ^ label.size());
  for (std::byte& byte : secret) byte = static_cast<std::byte>(random.next());
  return {};
}

void MemoryChannel::close(std::string reason) {
  reason_ = std::move(reason);
  state_ = control::ChannelState::closed;
  outgoing_->closed = true;
}

}  // namespace usbgw::simulation
