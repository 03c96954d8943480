#include "app/realtime_ports.h"

#include <sched.h>

#include <cerrno>
#include <string>
#include <vector>

#include "app/kernel_threads.h"

namespace usbgw::app {
namespace {

// vhci's two for each attached device: drivers/usb/usbip/vhci_sysfs.c names them.
std::vector<pid_t> vhci_threads() {
  std::vector<pid_t> threads;
  for (const KernelThread& thread : kernel_threads({}))
    if (thread.name == "vhci_rx" || thread.name == "vhci_tx") threads.push_back(thread.pid);
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
