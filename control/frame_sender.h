// Queues of messages to send, and which chunk goes next: notices, then control, then bulk. Sans-IO.
#pragma once

#include <array>
#include <deque>
#include <span>
#include <string_view>
#include <vector>

#include "control/frame.h"
#include "control/reliable_channel.h"

namespace usbgw::control {

struct SendLimits {
  std::size_t messages = 4096;
  std::size_t bytes = std::size_t{8} << 20;
};

class FrameSender {
 public:
  explicit FrameSender(const SendLimits& limits) : limits_(limits) {}

  // False when the lane is full or the body is longer than its type allows. A lane that is empty
  // takes any body.
  [[nodiscard]] bool push(MessageClass lane, Message&& message);
  void push_notice(NoticeKind kind, std::span<const std::byte> body = {});
  // Writes the next chunk, at most kMaxFrameBytes, and gives its size; 0 when there is none.
  [[nodiscard]] std::size_t next_frame(std::span<std::byte, kMaxFrameBytes> to);
  [[nodiscard]] bool is_empty() const;
  // What has not begun is not sent any more; the peer drops what has.
  void drop(MessageClass lane);

 private:
  struct Lane {
    std::deque<Message> messages;
    std::size_t bytes = 0;   // of all bodies queued
    std::size_t offset = 0;  // sent of the first
  };
  std::size_t take_chunk(std::size_t lane, std::span<std::byte, kMaxFrameBytes> to);

  SendLimits limits_;
  std::deque<std::vector<std::byte>> notices_;
  std::array<Lane, 2> lanes_;
};

}  // namespace usbgw::control
