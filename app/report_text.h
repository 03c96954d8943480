// The admin reports as people read them.
#pragma once

#include <cstdint>
#include <string>

#include "control/admin_protocol.h"

namespace usbgw::app {

[[nodiscard]] std::string list_text(const control::ListReport& report);
[[nodiscard]] std::string attach_text(const control::AttachReport& report);
[[nodiscard]] std::string detach_text(const control::DetachReport& report);
[[nodiscard]] std::string status_text(const control::StatusReport& report);

// "61 s", "2 h 05 min".
[[nodiscard]] std::string age_text(std::uint64_t seconds);
// "2.25 ms".
[[nodiscard]] std::string milliseconds_text(std::int64_t nanoseconds);

}  // namespace usbgw::app
