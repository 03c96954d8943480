// The kernel's limit on memory of submitted usbfs transfers (usbcore.usbfs_memory_mb, for all
// processes together): over it submissions fail, and streams stop for a reason nobody sees.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "usbside/device/device_attachment.h"

namespace usbgw::device {

inline constexpr const char* kUsbfsMemoryFile = "/sys/module/usbcore/parameters/usbfs_memory_mb";

// Bytes that one attachment of this device may have submitted: the rings of its widest alternate
// settings, and what bulk URBs may hold.
[[nodiscard]] std::size_t usbfs_need(const DeviceInfo& info, const StreamTuning& tuning);

// The limit in MB; 0 is none. Nothing when the file is not there.
[[nodiscard]] std::optional<std::size_t> usbfs_memory_mb(const char* file = kUsbfsMemoryFile);

// One line that says what to do when `need` does not fit; nothing when it does.
[[nodiscard]] std::optional<std::string> usbfs_memory_warning(std::size_t need,
                                                              std::optional<std::size_t> limit_mb);

}  // namespace usbgw::device
