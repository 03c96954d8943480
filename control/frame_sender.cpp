#include "control/frame_sender.h"

#include <algorithm>

#include "common/byte_reader.h"

namespace usbgw::control {
namespace {

std::size_t write_frame(std::uint8_t type, std::uint8_t flags, std::span<const std::byte> chunk,
                        std::span<std::byte, kMaxFrameBytes> to) {
  ByteWriter writer(to);
  writer.write<std::uint32_t>(
      static_cast<std::uint32_t>(kFrameHeader - kFrameLengthField + chunk.size()));
  writer.write<std::uint8_t>(type);
  writer.write<std::uint8_t>(flags);
  writer.append(chunk);
  return writer.used();
}

}  // namespace

bool FrameSender::push(MessageClass message_class, Message&& message) {
  auto& lane = lanes_[static_cast<std::size_t>(message_class)];
  const std::size_t bytes = message.body.size();
  if (bytes > max_body_bytes(static_cast<std::uint8_t>(message.type))) return false;
  if (lane.messages.size() >= limits_.messages) return false;
  if (!lane.messages.empty() && lane.bytes + bytes > limits_.bytes) return false;
  lane.bytes += bytes;
  lane.messages.push_back(std::move(message));
  return true;
}

void FrameSender::push_notice(NoticeKind kind, std::span<const std::byte> body) {
  std::vector<std::byte> notice{static_cast<std::byte>(kind)};
  notice.insert(notice.end(), body.begin(), body.end());
  notices_.push_back(std::move(notice));
}

std::size_t FrameSender::next_frame(std::span<std::byte, kMaxFrameBytes> to) {
  if (!notices_.empty()) {
    const std::size_t bytes = write_frame(kNoticeType, 0, notices_.front(), to);
    notices_.pop_front();
    return bytes;
  }
  for (std::size_t lane = 0; lane < lanes_.size(); ++lane)
    if (!lanes_[lane].messages.empty()) return take_chunk(lane, to);
  return 0;
}

std::size_t FrameSender::take_chunk(std::size_t index, std::span<std::byte, kMaxFrameBytes> to) {
  Lane& lane = lanes_[index];
  const Message& message = lane.messages.front();
  const std::size_t bytes = std::min(message.body.size() - lane.offset, kMaxChunkBytes);
  const bool more = lane.offset + bytes < message.body.size();
  const bool bulk = index == static_cast<std::size_t>(MessageClass::bulk);
  const auto flags = static_cast<std::uint8_t>((more ? kFlagMore : 0) | (bulk ? kFlagBulk : 0));
  const std::size_t written = write_frame(static_cast<std::uint8_t>(message.type), flags,
                                          std::span(message.body).subspan(lane.offset, bytes), to);
  lane.offset += bytes;
  if (!more) {
    lane.bytes -= message.body.size();
    lane.offset = 0;
    lane.messages.pop_front();
  }
  return written;
}

bool FrameSender::is_empty() const {
  return notices_.empty() && lanes_[0].messages.empty() && lanes_[1].messages.empty();
}

void FrameSender::drop(MessageClass message_class) {
  lanes_[static_cast<std::size_t>(message_class)] = Lane();
}

}  // namespace usbgw::control
