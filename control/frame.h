// How messages lie in the TLS byte stream. A message is cut into chunks of at most one TLS record,
// so that a control message waits behind one chunk of bulk and not behind a whole transfer. Chunks
// of one lane are in order; the lanes mix freely.
//
// offset  type  field                                                     (network byte order)
//  0      u32   length of what follows: 2 .. kMaxChunkBytes + 2
//  4      u8    type: wire::MessageType, or 0 for a notice of the channel itself
//  5      u8    flags: bit 0 more chunks of this message follow, bit 1 bulk lane
//  6      chunk of the message's body
//
// A notice is one chunk with flags 0 and this body:
//  0      u8    kind: 1 ready, 2 heartbeat, 3 goodbye
//  1      ready: u8 version of this layout. goodbye: text for people. heartbeat: nothing.
//
// Each end's first chunk is its ready, sent when its own side of the handshake is done: in TLS 1.3
// a client finishes before the server has looked at its certificate, so only the peer's ready says
// that it accepted us.
#pragma once

#include <cstddef>
#include <cstdint>

#include "crypto/tls.h"
#include "wire/message_type.h"
#include "wire/session_message.h"
#include "wire/urb_message.h"

namespace usbgw::control {

inline constexpr std::size_t kFrameHeader = 6;
inline constexpr std::size_t kFrameLengthField = 4;
inline constexpr std::size_t kMaxFrameBytes = crypto::kMaxRecordBytes;
inline constexpr std::size_t kMaxChunkBytes = kMaxFrameBytes - kFrameHeader;
inline constexpr std::uint8_t kNoticeType = 0;
inline constexpr std::uint8_t kFlagMore = 1u << 0;
inline constexpr std::uint8_t kFlagBulk = 1u << 1;
inline constexpr std::uint8_t kFrameVersion = 1;
inline constexpr std::size_t kMaxGoodbyeBytes = 256;

enum class NoticeKind : std::uint8_t { ready = 1, heartbeat = 2, goodbye = 3 };

// Longest body of a message type; 0 for a type that there is not.
[[nodiscard]] constexpr std::size_t max_body_bytes(std::uint8_t type) {
  switch (static_cast<wire::MessageType>(type)) {
    case wire::MessageType::session:
      return wire::kMaxSessionBytes;
    case wire::MessageType::urb_submit:
      return wire::kUrbSubmitFixed + wire::kMaxUrbBytes;
    case wire::MessageType::urb_reply:
      return wire::kUrbReplyFixed + wire::kMaxUrbBytes;
    case wire::MessageType::urb_cancel:
      return wire::kUrbCancelBytes;
  }
  return 0;
}

}  // namespace usbgw::control
