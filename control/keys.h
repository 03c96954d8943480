// What `usbgw keys` does: files of a small certificate authority, of node identities and of
// pre-shared keys. Secrets get mode 0600, nothing is ever overwritten, and a failure leaves nothing
// half done.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace usbgw::control {

using WallTime = std::chrono::system_clock::time_point;

inline constexpr int kAuthorityDays = 3650;
inline constexpr int kIdentityDays = 1825;

// FOLDER/authority.pem and FOLDER/authority.key; the folder is made if need be (mode 0700). Gives
// the paths written.
[[nodiscard]] Result<std::vector<std::string>> init_authority(const std::string& folder,
                                                              WallTime now,
                                                              int days = kAuthorityDays);

// FOLDER/NAME.pem and FOLDER/NAME.key, signed by the folder's authority.
[[nodiscard]] Result<std::vector<std::string>> issue_identity(const std::string& folder,
                                                              std::string_view name, WallTime now,
                                                              int days = kIdentityDays);

// One file with one new key, for both ends.
[[nodiscard]] Result<std::vector<std::string>> generate_preshared_key(const std::string& file,
                                                                      std::string_view identity);

}  // namespace usbgw::control
