// The log of a running usbgw, through spdlog.
#pragma once

#include <memory>
#include <string>

#include "common/log.h"
#include "common/result.h"

namespace usbgw::app {

// To standard error when `file` is empty. Errors: io (the file cannot be opened).
[[nodiscard]] Result<std::unique_ptr<Log>> open_log(LogLevel least, const std::string& file);

}  // namespace usbgw::app
