// Types of the length-prefixed messages on the control channel (u32 length of what follows, u8
// type, body).
#pragma once

#include <cstdint>

namespace usbgw::wire {

enum class MessageType : std::uint8_t {
  session = 1,     // body: protobuf wire/session.proto, SessionMessage
  urb_submit = 2,  // bodies: wire/urb_message.h
  urb_reply = 3,
  urb_cancel = 4,
};

}  // namespace usbgw::wire
