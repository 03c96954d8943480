// What `usbgw doctor` asks about punctuality: kernel, CPUs, a hypervisor, wake-ups.
#pragma once

#include <optional>
#include <string>

#include "app/finding.h"
#include "app/lateness.h"
#include "config/document.h"

namespace usbgw::app {

// As uname(2) gives them. `root` is put before /sys and /proc; empty on a real machine.
[[nodiscard]] Finding check_kernel(const std::string& root, const std::string& release,
                                   const std::string& version);
// PREEMPT_RT only: whether the threads that bring packets of the kernel's interfaces, and let go of
// timers, come before our workers. Nothing where interrupts do that.
[[nodiscard]] std::optional<Finding> check_softirq_threads(const std::string& root,
                                                           const std::string& version,
                                                           const config::WorkersSection* workers);
[[nodiscard]] Finding check_cpus(const std::string& root, unsigned cpus);
// Whether cores that workers are pinned to are kept free of other programs.
[[nodiscard]] Finding check_isolated_cpus(const std::string& root,
                                          const config::WorkersSection* workers);
// How long the kernel lets real-time threads run.
[[nodiscard]] Finding check_realtime_limit(const std::string& root,
                                           const config::WorkersSection* workers);

// CPU time of all CPUs since boot, in the kernel's ticks: proc_stat(5).
struct CpuTicks {
  std::uint64_t all = 0;
  std::uint64_t stolen = 0;
};
[[nodiscard]] CpuTicks read_cpu_ticks(const std::string& root);
[[nodiscard]] Finding judge_steal(const CpuTicks& before, const CpuTicks& after);

// Of wake-ups under ordinary scheduling, or SCHED_FIFO.
[[nodiscard]] Finding judge_lateness(const Lateness& lateness, bool is_realtime);
[[nodiscard]] Finding judge_timer_slack(Duration slack);

}  // namespace usbgw::app
