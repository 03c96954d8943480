// Files that must not exist yet, and secrets among them.
#pragma once

#include <string>
#include <string_view>

#include "common/result.h"

namespace usbgw::app {

enum class Access : unsigned { everyone_reads = 0644, owner_alone = 0600 };

// Written whole or not at all. Errors: busy (it exists), io; both name the path.
[[nodiscard]] Result<void> write_new_file(const std::string& path, std::string_view text,
                                          Access access);
[[nodiscard]] Result<std::string> read_file(const std::string& path);

}  // namespace usbgw::app
