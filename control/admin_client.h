// The command line's end of the admin socket: one request, one answer, blocking.
#pragma once

#include <string>

#include "common/result.h"
#include "common/timeline.h"
#include "control/admin_protocol.h"

namespace usbgw::control {

// Errors: unavailable (no usbgw answers at `path`), timed_out, and whatever the other side answers.
[[nodiscard]] Result<AdminReport> ask(const std::string& path, const AdminRequest& request,
                                      Duration patience);

}  // namespace usbgw::control
