#include "node/key_rotation.h"

#include <algorithm>
#include <string>

namespace usbgw::node {
namespace {

constexpr Duration kRetry = std::chrono::milliseconds(100);
// A peer at millions of datagrams a second needs a key every few seconds, and TCP may hold a few
// messages back; what comes faster only costs us work.
constexpr std::uint64_t kFreeEpochs = 16;
constexpr Duration kShortestLife = std::chrono::seconds(1);

}  // namespace

KeyRotation::KeyRotation(SessionHandle handle, const Secret& secret, bool is_host,
                         SessionNumbers& numbers, PacketLoop& packets, Instant now)
    : handle_(handle),
      secret_(secret),
      is_host_(is_host),
      numbers_(numbers),
      packets_(packets),
      started_(now),
      next_receive_(now + session::kKeyLifetime) {}

void KeyRotation::count(std::uint32_t epoch, std::uint64_t packets, Instant now) {
  if (epoch != receive_epoch_) return;
  if (packets >= session::kMaxPacketsPerKey / 2) next_receive_ = std::min(next_receive_, now);
}

std::optional<wire::KeyEpoch> KeyRotation::turn(Instant now) {
  hand_over();
  if (now < next_receive_) return std::nullopt;
  const std::uint32_t epoch = receive_epoch_ + 1;
  const session::SessionIndex index = numbers_.next_index();
  const auto keys = session::derive_keys(secret_, is_host_, epoch, 0);
  PacketCommand command;
  command.kind = PacketCommand::Kind::rotate_receive;
  command.handle = handle_;
  command.receive_epoch =
      std::make_unique<session::ReceiveEpoch>(index, epoch, keys.receive, keys.receive_iv);
  if (!packets_.post_if_calm(std::move(command))) {
    next_receive_ = now + kRetry;
    return std::nullopt;
  }
  receive_epoch_ = epoch;
  next_receive_ = now + session::kKeyLifetime;
  return wire::KeyEpoch{epoch, index.value()};
}

Result<void> KeyRotation::take(const wire::KeyEpoch& next, Instant now) {
  if (next.epoch != transmit_epoch_ + 1) {
    return fail(ErrorCode::protocol, "gave key epoch " + std::to_string(next.epoch) + " after " +
                                         std::to_string(transmit_epoch_));
  }
  const auto lived = static_cast<std::uint64_t>((now - started_) / kShortestLife);
  if (next.epoch > kFreeEpochs + lived)
    return fail(ErrorCode::protocol, "changes its keys without need");
  transmit_epoch_ = next.epoch;
  const auto keys = session::derive_keys(secret_, is_host_, next.epoch, 0);
  // One that still waits is never used: the peer takes the newer as well.
  waiting_ = std::make_unique<session::TransmitEpoch>(session::SessionIndex{next.session_index},
                                                      keys.transmit, keys.transmit_iv);
  hand_over();
  return {};
}

void KeyRotation::hand_over() {
  if (waiting_ == nullptr) return;
  PacketCommand command;
  command.kind = PacketCommand::Kind::rotate_transmit;
  command.handle = handle_;
  command.transmit_epoch = std::move(waiting_);
  if (!packets_.post_if_calm(std::move(command))) waiting_ = std::move(command.transmit_epoch);
}

Instant KeyRotation::next_deadline() const {
  return waiting_ != nullptr ? Instant{} : next_receive_;
}

}  // namespace usbgw::node
