// Text that crosses the wire is shown to people and written to logs: valid UTF-8 without control
// characters, bounded.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace usbgw::wire {

// Valid UTF-8 (RFC 3629), no C0, C1 or DEL, at most `most` bytes.
[[nodiscard]] bool is_printable(std::string_view text, std::size_t most);

// The same text made printable: what is not becomes '?', and the end is cut at a character.
[[nodiscard]] std::string make_printable(std::string_view text, std::size_t most);

}  // namespace usbgw::wire
