// SessionMessage to the bytes of wire/session.proto and back. Everything that a peer sends is
// checked here: ranges, counts, lengths, printable text.
#pragma once

#include <span>
#include <vector>

#include "wire/session_message.h"
#include "wire/wire_error.h"

namespace usbgw::wire {

// Texts are made printable and cut to their limits; lists end at theirs.
[[nodiscard]] std::vector<std::byte> encode(const SessionMessage& message);

// unknown_type: a message that this build does not know; a newer peer's, to be ignored.
[[nodiscard]] WireResult<SessionMessage> decode_session(std::span<const std::byte> bytes);

}  // namespace usbgw::wire
