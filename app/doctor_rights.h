// What `usbgw doctor` says about the rights that a node will have.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "app/finding.h"
#include "config/document.h"

namespace usbgw::app {

// As user `me` would start the node.
[[nodiscard]] Finding check_user(const config::Document& document, uid_t me);
// A finding for each plugged-in device that is exported. `root` is put before /sys and /dev.
[[nodiscard]] std::vector<Finding> check_device_nodes(const config::Document& document, uid_t me,
                                                      const std::string& root);
// Whether the memory of a real-time node can be locked.
[[nodiscard]] Finding check_memory_lock();

}  // namespace usbgw::app
