// Types of the messages on the control channel (how they lie in the byte stream: control/frame.h).
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
