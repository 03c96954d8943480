// `usbgw --config FILE`: runs the configured roles until SIGTERM or SIGINT.
#pragma once

#include "common/result.h"
#include "config/document.h"

namespace usbgw::app {

// The process's exit status. Errors say what to do about them.
[[nodiscard]] Result<int> run_node(const config::Document& document);

}  // namespace usbgw::app
