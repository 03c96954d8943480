#include "app/realtime_ports.h"

#include <sched.h>

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

namespace usbgw::app {
namespace {

constexpr unsigned long kKernelThread = 0x00200000;  // PF_KTHREAD, include/linux/sched.h

std::string stat_of(const std::filesystem::path& process) {
  std::ifstream file(process / "stat");
  return {std::istreambuf_iterator<char>(file), {}};
}

// The process ids of vhci's threads.
std::vector<pid_t> vhci_threads() {
  std::vector<pid_t> threads;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
    const std::string name = entry.path().filename();
    pid_t process = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), process);
    if (error != std::errc{} || end != name.data() + name.size()) continue;
    if (is_vhci_thread(stat_of(entry.path()))) threads.push_back(process);
  }
  return threads;
}

// 0, or the errno value of a refusal.
int raise(pid_t thread, int priority) {
  sched_param now{};
  const bool is_raised = sched_getscheduler(thread) == SCHED_FIFO &&
                         sched_getparam(thread, &now) == 0 && now.sched_priority >= priority;
  if (is_raised) return 0;
  sched_param wanted{};
  wanted.sched_priority = priority;
  return sched_setscheduler(thread, SCHED_FIFO, &wanted) == 0 ? 0 : errno;
}

int pin(pid_t thread, int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<std::size_t>(core), &set);
  return sched_setaffinity(thread, sizeof set, &set) == 0 ? 0 : errno;
}

}  // namespace

// The kernel names them in drivers/usb/usbip/vhci_sysfs.c; one pair for each attached device.
// proc_pid_stat(5): "pid (comm) state ppid pgrp session tty_nr tpgid flags ...". A program chooses
// its name, and may put ") R 2 0" into it.
bool is_vhci_thread(std::string_view stat) {
  const std::size_t open = stat.find('(');
  const std::size_t close = stat.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos) return false;
  const std::string_view name = stat.substr(open + 1, close - open - 1);
  if (name != "vhci_rx" && name != "vhci_tx") return false;
  std::istringstream fields{std::string(stat.substr(close + 1))};
  std::string other;
  for (int i = 0; i < 6; ++i) fields >> other;
  unsigned long flags = 0;
  return (fields >> flags) && (flags & kKernelThread) != 0;
}

Result<host::VhciPorts::Attached> RealtimePorts::attach(Speed speed,
                                                        std::optional<host::VhciPort> wanted) {
  auto attached = ports_->attach(speed, wanted);
  if (attached) give_threads();
  return attached;
}

// Without the rights for it the device works, and the log says once what it lacks.
void RealtimePorts::give_threads() {
  if (threads_.priority == 0 && !threads_.core) return;
  int not_raised = 0;
  int not_pinned = 0;
  for (const pid_t thread : vhci_threads()) {
    if (threads_.priority > 0 && not_raised == 0) not_raised = raise(thread, threads_.priority);
    if (threads_.core && not_pinned == 0) not_pinned = pin(thread, *threads_.core);
  }
  if ((not_raised == 0 && not_pinned == 0) || refusal_told_) return;
  refusal_told_ = true;
  if (not_raised != 0) {
    log_.warning(
        with_errno("the kernel's vhci threads run without real-time priority "
                   "(grant CAP_SYS_NICE)",
                   not_raised));
  }
  if (not_pinned != 0) {
    log_.warning(with_errno("the kernel's vhci threads are not pinned to core " +
                                std::to_string(*threads_.core) +
                                " (grant CAP_SYS_NICE, or name a core that is online)",
                            not_pinned));
  }
}

}  // namespace usbgw::app
