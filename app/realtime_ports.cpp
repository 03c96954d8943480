#include "app/realtime_ports.h"

#include <sched.h>

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace usbgw::app {
namespace {

constexpr unsigned long kKernelThread = 0x00200000;  // PF_KTHREAD, include/linux/sched.h

std::string stat_of(const std::filesystem::path& process) {
  std::ifstream file(process / "stat");
  return {std::istreambuf_iterator<char>(file), {}};
}

// The errno value of the first refusal; 0: all of them run at the priority.
int raise_vhci_threads(int priority) {
  int refused = 0;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
    const std::string name = entry.path().filename();
    pid_t process = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), process);
    if (error != std::errc{} || end != name.data() + name.size()) continue;
    if (!is_vhci_thread(stat_of(entry.path()))) continue;
    sched_param now{};
    const bool is_raised = sched_getscheduler(process) == SCHED_FIFO &&
                           sched_getparam(process, &now) == 0 && now.sched_priority >= priority;
    if (is_raised) continue;
    sched_param wanted{};
    wanted.sched_priority = priority;
    if (sched_setscheduler(process, SCHED_FIFO, &wanted) != 0 && refused == 0) refused = errno;
  }
  return refused;
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
  if (!attached || priority_ == 0) return attached;
  const int refused = raise_vhci_threads(priority_);
  if (refused != 0 && !refusal_told_) {
    refusal_told_ = true;
    log_.warning(
        with_errno("the kernel's vhci threads run without real-time priority "
                   "(grant CAP_SYS_NICE)",
                   refused));
  }
  return attached;
}

}  // namespace usbgw::app
