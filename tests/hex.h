// Test bytes as people write them.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace usbgw::test {

// "00ff 1A" -> {0x00, 0xff, 0x1a}; blanks are skipped.
[[nodiscard]] inline std::vector<std::byte> from_hex(std::string_view text) {
  std::vector<std::byte> bytes;
  unsigned value = 0;
  unsigned digits = 0;
  for (const char c : text) {
    if (c == ' ' || c == '\n') continue;
    const unsigned digit = c <= '9'   ? static_cast<unsigned>(c - '0')
                           : c <= 'F' ? static_cast<unsigned>(c - 'A' + 10)
                                      : static_cast<unsigned>(c - 'a' + 10);
    value = value << 4 | digit;
    if (++digits % 2 == 0) {
      bytes.push_back(static_cast<std::byte>(value));
      value = 0;
    }
  }
  return bytes;
}

}  // namespace usbgw::test
