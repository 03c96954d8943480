// A reliable channel in memory between two roles: ordered, lossless, delayed.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "control/reliable_channel.h"

namespace usbgw::simulation {

class MemoryChannel final : public control::ReliableChannel {
 public:
  // Both ends, open at once. `secret` stands for the TLS exporter's.
  static std::pair<std::unique_ptr<MemoryChannel>, std::unique_ptr<MemoryChannel>> make_pair(
      std::string first_name, std::string second_name, Duration delay, std::uint64_t secret);
  ~MemoryChannel() override;

  std::size_t turn(Instant now) override;
  [[nodiscard]] Instant next_deadline() const override;
  [[nodiscard]] bool send(control::MessageClass message_class, control::Message&& message) override;
  [[nodiscard]] std::optional<control::Message> receive() override;
  [[nodiscard]] control::ChannelState state() const override { return state_; }
  [[nodiscard]] const std::string& close_reason() const override { return reason_; }
  [[nodiscard]] const std::string& peer() const override { return peer_name_; }
  [[nodiscard]] Result<void> export_secret(std::string_view label,
                                           std::span<std::byte, 32> secret) override;
  void close(std::string reason) override;

 private:
  struct Sent {
    Instant arrival{};
    control::Message message;
  };
  // What one end has sent and the other has not taken; both ends hold it.
  struct Pipe {
    std::deque<Sent> messages;
    bool closed = false;
  };

  std::shared_ptr<Pipe> incoming_;
  std::shared_ptr<Pipe> outgoing_;
  Duration delay_{};
  std::uint64_t secret_ = 0;
  std::string peer_name_;
  std::string reason_;
  control::ChannelState state_ = control::ChannelState::open;
  Instant now_{};
};

}  // namespace usbgw::simulation
