#include "app/realtime_ports.h"

#include <sched.h>

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <string>

namespace usbgw::app {
namespace {

// The kernel names them in drivers/usb/usbip/vhci_sysfs.c; one pair for each attached device.
bool is_vhci_thread(const std::filesystem::path& process) {
  std::ifstream file(process / "comm");
  std::string name;
  std::getline(file, name);
  return name == "vhci_rx" || name == "vhci_tx";
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
    if (!is_vhci_thread(entry.path())) continue;
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
