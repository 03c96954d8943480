// Puts messages together from the bytes of the TLS stream, however they are cut. Sans-IO. Memory
// grows with bytes that have come, never with a length that the peer announced.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "control/frame.h"
#include "control/reliable_channel.h"

namespace usbgw::control {

struct Notice {
  NoticeKind kind{};
  std::uint8_t version = 0;  // ready
  std::string text;          // goodbye, made printable
};

using Arrival = std::variant<Message, Notice>;

class FrameAssembler {
 public:
  // Appends what is complete. False when the peer broke the layout: the stream is lost, fault()
  // says how.
  [[nodiscard]] bool feed(std::span<const std::byte> bytes, std::vector<Arrival>& arrivals);
  [[nodiscard]] const std::string& fault() const { return fault_; }

 private:
  struct Lane {
    bool begun = false;
    Message message;
  };
  [[nodiscard]] std::size_t wanted() const;
  [[nodiscard]] bool take_frame(std::vector<Arrival>& arrivals);
  [[nodiscard]] bool take_notice(std::uint8_t flags, std::span<const std::byte> body,
                                 std::vector<Arrival>& arrivals);
  [[nodiscard]] bool take_chunk(std::uint8_t type, std::uint8_t flags,
                                std::span<const std::byte> chunk, std::vector<Arrival>& arrivals);
  [[nodiscard]] bool broken(std::string how);

  std::vector<std::byte> frame_;  // the frame in hand, at most kMaxFrameBytes
  std::array<Lane, 2> lanes_;
  std::string fault_;
};

}  // namespace usbgw::control
