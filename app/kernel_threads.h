// Threads of the kernel's own, as /proc shows them.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace usbgw::app {

struct KernelThread {
  pid_t pid = 0;
  std::string name;
  int priority = 0;  // SCHED_FIFO's or SCHED_RR's, 1 to 99; 0: ordinary scheduling
};

// Whose `/proc/PID/stat` this is; nothing for a program, whatever name it has given itself.
[[nodiscard]] std::optional<KernelThread> parse_kernel_thread(std::string_view stat);
// `root` is put before /proc; empty on a real machine.
[[nodiscard]] std::vector<KernelThread> kernel_threads(const std::string& root);

}  // namespace usbgw::app
