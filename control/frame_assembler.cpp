#include "control/frame_assembler.h"

#include <algorithm>

#include "common/byte_order.h"
#include "wire/text.h"

namespace usbgw::control {
namespace {

constexpr std::size_t kLeastLength = kFrameHeader - kFrameLengthField;
constexpr std::uint8_t kKnownFlags = kFlagMore | kFlagBulk;

std::uint8_t byte_at(std::span<const std::byte> bytes, std::size_t at) {
  return std::to_integer<std::uint8_t>(bytes[at]);
}

}  // namespace

bool FrameAssembler::broken(std::string how) {
  fault_ = std::move(how);
  return false;
}

// Bytes of the frame in hand, as far as is known: the length field first, then what it says.
std::size_t FrameAssembler::wanted() const {
  if (frame_.size() < kFrameLengthField) return kFrameLengthField;
  return kFrameLengthField + load_be<std::uint32_t>(frame_.data());
}

bool FrameAssembler::feed(std::span<const std::byte> bytes, std::vector<Arrival>& arrivals) {
  if (!fault_.empty()) return false;
  while (!bytes.empty()) {
    const std::size_t taken = std::min(bytes.size(), wanted() - frame_.size());
    frame_.insert(frame_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(taken));
    bytes = bytes.subspan(taken);
    if (frame_.size() < kFrameLengthField) continue;
    const std::size_t whole = wanted();
    if (whole > kMaxFrameBytes)
      return broken("a frame of " + std::to_string(whole) + " bytes is longer than " +
                    std::to_string(kMaxFrameBytes));
    if (whole < kFrameHeader) return broken("a frame shorter than its header");
    if (frame_.size() < whole) continue;
    if (!take_frame(arrivals)) return false;
    frame_.clear();
  }
  return true;
}

bool FrameAssembler::take_frame(std::vector<Arrival>& arrivals) {
  static_assert(kLeastLength == 2, "type and flags");
  const std::uint8_t type = byte_at(frame_, 4);
  const std::uint8_t flags = byte_at(frame_, 5);
  const auto body = std::span<const std::byte>(frame_).subspan(kFrameHeader);
  if ((flags & ~kKnownFlags) != 0) return broken("a frame with unknown flags");
  return type == kNoticeType ? take_notice(flags, body, arrivals)
                             : take_chunk(type, flags, body, arrivals);
}

bool FrameAssembler::take_notice(std::uint8_t flags, std::span<const std::byte> body,
                                 std::vector<Arrival>& arrivals) {
  if (flags != 0 || body.empty()) return broken("a notice without a kind or with flags");
  Notice notice{static_cast<NoticeKind>(byte_at(body, 0)), 0, {}};
  const auto rest = body.subspan(1);
  switch (notice.kind) {
    case NoticeKind::ready:
      if (rest.size() != 1) return broken("a ready notice of the wrong length");
      notice.version = byte_at(rest, 0);
      break;
    case NoticeKind::heartbeat:
      if (!rest.empty()) return broken("a heartbeat with a body");
      break;
    case NoticeKind::goodbye:
      notice.text = wire::make_printable({reinterpret_cast<const char*>(rest.data()), rest.size()},
                                         kMaxGoodbyeBytes);
      break;
    default:
      return broken("a notice of unknown kind");
  }
  arrivals.emplace_back(std::move(notice));
  return true;
}

bool FrameAssembler::take_chunk(std::uint8_t type, std::uint8_t flags,
                                std::span<const std::byte> chunk, std::vector<Arrival>& arrivals) {
  const std::size_t most = max_body_bytes(type);
  if (most == 0) return broken("a message of unknown type " + std::to_string(type));
  const bool more = (flags & kFlagMore) != 0;
  if (more && chunk.empty()) return broken("an empty chunk with more to follow");
  Lane& lane = lanes_[(flags & kFlagBulk) != 0 ? 1 : 0];
  if (lane.begun && static_cast<std::uint8_t>(lane.message.type) != type)
    return broken("a message that changes its type between chunks");
  if (lane.message.body.size() + chunk.size() > most)
    return broken("a message of type " + std::to_string(type) + " longer than " +
                  std::to_string(most) + " bytes");
  lane.begun = true;
  lane.message.type = static_cast<wire::MessageType>(type);
  lane.message.body.insert(lane.message.body.end(), chunk.begin(), chunk.end());
  if (more) return true;
  arrivals.emplace_back(std::move(lane.message));
  lane = Lane();
  return true;
}

}  // namespace usbgw::control
