// External pre-shared keys (RFC 8446, 2.2) and their file: one "identity:hex" line a key, #
// comments.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace usbgw::crypto {

inline constexpr std::size_t kMinPskBytes = 16;
inline constexpr std::size_t kMaxPskBytes = 64;
inline constexpr std::size_t kNewPskBytes = 32;

struct PresharedKey {
  std::string identity;  // a node name
  std::vector<std::byte> key;
};

[[nodiscard]] Result<PresharedKey> make_preshared_key(std::string_view identity);

// The file's line for this key, with its newline.
[[nodiscard]] std::string to_line(const PresharedKey& key);

// At least one key; `source` names the file in errors.
[[nodiscard]] Result<std::vector<PresharedKey>> parse_preshared_keys(std::string_view text,
                                                                     const std::string& source);

}  // namespace usbgw::crypto
