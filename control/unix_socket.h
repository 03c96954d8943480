// A Unix socket that is bound or connected by path.
#pragma once

#include <string>

#include "common/result.h"
#include "control/file_descriptor.h"

namespace usbgw::control {

// Non-blocking, mode 0600. Replaces a socket file that nobody listens at, and makes the last folder
// of the path when it is missing.
[[nodiscard]] Result<FileDescriptor> listen_at(const std::string& path);
// Non-blocking once connected. Errors: unavailable (nobody listens), refused (no right), io.
[[nodiscard]] Result<FileDescriptor> connect_to(const std::string& path);

}  // namespace usbgw::control
