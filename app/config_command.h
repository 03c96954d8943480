// Loads a configuration for the commands that need one, and `usbgw --config FILE --check`.
#pragma once

#include <string>

#include "common/result.h"
#include "config/document.h"

namespace usbgw::app {

// All problems of the file as one error, a line each.
[[nodiscard]] Error as_error(const config::Problems& problems);

// The file and what the layers say about it.
[[nodiscard]] Result<config::Document> load_config(const std::string& file);

// Prints "FILE: ok". Refuses what run_config() would: keys and certificates are part of it.
[[nodiscard]] Result<int> run_check(const std::string& file);

// Loads it with its keys and certificates, runs the roles.
[[nodiscard]] Result<int> run_config(const std::string& file);

}  // namespace usbgw::app
