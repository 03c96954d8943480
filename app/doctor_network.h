// What `usbgw doctor` learns about the way to peers, from the node that runs here.
#pragma once

#include <vector>

#include "app/finding.h"
#include "config/document.h"
#include "control/admin_protocol.h"

namespace usbgw::app {

// A finding for each peer. `dataplane` is the running node's, or null when it is not known.
[[nodiscard]] std::vector<Finding> judge_peers(const control::StatusReport& status,
                                               const config::DataplaneSection* dataplane);
// No node answered: `why` it did not.
[[nodiscard]] Finding unknown_peers(const std::string& why);

}  // namespace usbgw::app
