// The edge between the roles and whatever carries ordered, reliable messages: TLS over TCP
// (control/tls_*) or the simulated channel. The control thread owns it; nothing here blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/loop.h"
#include "common/result.h"
#include "common/timeline.h"
#include "wire/message_type.h"

namespace usbgw::control {

struct Message {
  wire::MessageType type{};
  std::vector<std::byte> body;
};

enum class ChannelState : std::uint8_t { connecting, open, closed };

// Order is kept within a class; control overtakes bulk between messages.
enum class MessageClass : std::uint8_t { control = 0, bulk = 1 };

class ReliableChannel : public Loop {
 public:
  // False when the class's queue limit is reached (try again after a turn) or the channel is
  // closed.
  [[nodiscard]] virtual bool send(MessageClass message_class, Message&& message) = 0;
  // Next whole message, checked for length and type only.
  [[nodiscard]] virtual std::optional<Message> receive() = 0;
  [[nodiscard]] virtual ChannelState state() const = 0;
  // Why it closed; one line for people.
  [[nodiscard]] virtual const std::string& close_reason() const = 0;
  // Authenticated name of the peer (certificate name or PSK identity), for access rules and leases;
  // its address until it is known.
  [[nodiscard]] virtual const std::string& peer() const = 0;
  // Keying material (RFC 8446, 7.5), the same on both ends; only while open.
  [[nodiscard]] virtual Result<void> export_secret(std::string_view label,
                                                   std::span<std::byte, 32> secret) = 0;
  virtual void close(std::string reason) = 0;
};

}  // namespace usbgw::control
