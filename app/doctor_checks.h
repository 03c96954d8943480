// The single questions of `usbgw doctor`, asked of a machine's /sys and /proc (or of a copy of
// them, in tests).
#pragma once

#include <optional>
#include <string>

#include "app/finding.h"
#include "config/document.h"

namespace usbgw::app {

// `root` is put before /sys and /proc; empty on a real machine.
[[nodiscard]] Finding check_vhci(const std::string& root, bool is_needed);
[[nodiscard]] Finding check_usbfs_memory(const std::string& root);
[[nodiscard]] Finding check_hugepages(const std::string& root, bool is_needed);
[[nodiscard]] Finding check_port(const std::string& root,
                                 const config::DataplaneSection& dataplane);

// The NIC under an af_packet or af_xdp port.
[[nodiscard]] std::optional<Finding> check_nic(const std::string& root,
                                               const config::DataplaneSection& dataplane);

}  // namespace usbgw::app
