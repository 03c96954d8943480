// A thread's `/proc/PID/stat`, as the kernel prints it.
#pragma once

#include <string>

namespace usbgw::app {

inline constexpr const char* kFlagsOfKernel = "2129984";   // 0x208040
inline constexpr const char* kFlagsOfProgram = "4194560";  // 0x400100

inline std::string kernel_stat(const std::string& name, const std::string& flags = kFlagsOfKernel,
                               int priority = 0) {
  return "812 (" + name + ") S 2 0 0 0 -1 " + flags +
         " 0 0 0 0 0 3 0 0 20 0 1 0 2391 0 0 18446744073709551615 0 0 0 0 0 0 0 2147483647 0 1 0 0 "
         "17 0 " +
         std::to_string(priority) + " 1 0 0 0 0 0 0 0 0 0 0 0\n";
}

}  // namespace usbgw::app
