// A small certificate authority: one self-signed P-256 root, and node identities that it issues for
// both ends of a connection. Works on PEM text; control/keys writes the files.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "common/result.h"

namespace usbgw::crypto {

inline constexpr std::size_t kMaxNodeName = 63;

struct Identity {
  std::string certificate_pem;
  std::string key_pem;  // PKCS #8, not encrypted
};

struct Validity {
  std::chrono::system_clock::time_point from;
  std::chrono::system_clock::time_point until;
};

// Self-signed, CA:TRUE with path length 0; signs node certificates only.
[[nodiscard]] Result<Identity> make_authority(std::string_view name, const Validity& validity);

// For a node called `name` (its subject and subjectAltName), usable as client and as server.
[[nodiscard]] Result<Identity> issue_identity(const Identity& authority, std::string_view name,
                                              const Validity& validity);

// 1 to 63 of A-Z a-z 0-9 . _ -, not starting with . or -.
[[nodiscard]] Result<void> check_node_name(std::string_view name);

}  // namespace usbgw::crypto
