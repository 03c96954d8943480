// How a node ends that could not give everything back: nothing is destroyed, because a thread that
// is stuck in the kernel cannot be joined, and a transfer that has not come back still points at
// its device. The kernel takes back what the process held.
#pragma once

#include <string>

#include "common/log.h"
#include "common/result.h"

namespace usbgw::app {

// Ends the process with status 1: the error goes to the log and to standard error, and the admin
// socket goes, so that commands say that nothing runs. Any thread; other threads may run.
[[noreturn]] void leave_at_once(const Error& error, const std::string& admin_socket, Log& log);

}  // namespace usbgw::app
