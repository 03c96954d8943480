#include "app/doctor_timing.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <set>

#include "app/kernel_threads.h"
#include "app/sysfs.h"

namespace usbgw::app {
namespace {

// A quarter of the default margin of 2 ms.
constexpr std::int64_t kLate = 500'000;
constexpr double kMuchStolen = 0.01;

std::string microseconds(std::int64_t nanoseconds) {
  return std::to_string(nanoseconds / 1000) + " us";
}

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %%", 100 * share);
  return text;
}

double share_stolen(const CpuTicks& ticks) {
  return ticks.all == 0 ? 0 : static_cast<double>(ticks.stolen) / static_cast<double>(ticks.all);
}

// "1,4-6" as a set: the kernel's list format (cpuset(7)).
std::set<unsigned> parse_cpu_list(const std::string& list) {
  std::set<unsigned> cpus;
  const char* at = list.data();
  const char* const end = at + list.size();
  while (at < end) {
    unsigned first = 0;
    auto read = std::from_chars(at, end, first);
    if (read.ec != std::errc{}) break;
    unsigned last = first;
    if (read.ptr < end && *read.ptr == '-') read = std::from_chars(read.ptr + 1, end, last);
    if (read.ec != std::errc{} || last > 1023) break;
    for (unsigned cpu = first; cpu <= last; ++cpu) cpus.insert(cpu);
    at = read.ptr + 1;
  }
  return cpus;
}

std::set<unsigned> pinned_cores(const config::WorkersSection* workers) {
  std::set<unsigned> cores;
  if (workers == nullptr) return cores;
  for (const auto* core : {&workers->packet_core, &workers->usb_core}) {
    if (*core) cores.insert(***core);
  }
  return cores;
}

std::string bar_text(const std::vector<Bar>& bars) {
  std::string text;
  for (const Bar& bar : bars) {
    text += (text.empty() ? "" : ", ") + std::to_string(bar.count) +
            (bar.up_to > 0 ? " to " + microseconds(bar.up_to) : " later");
  }
  return text;
}

bool is_fully_preemptible(const std::string& root, const std::string& version) {
  return read_number(root + "/sys/kernel/realtime").value_or(0) == 1 ||
         version.find("PREEMPT_RT") != std::string::npos;
}

}  // namespace

Finding check_kernel(const std::string& root, const std::string& release,
                     const std::string& version) {
  Finding finding{"kernel", Verdict::good, release};
  if (is_fully_preemptible(root, version)) {
    finding.text += ", PREEMPT_RT: fully preemptible";
  } else {
    finding.text +=
        ", not PREEMPT_RT: drivers of other devices can delay a wake-up, mostly below 1 ms and at "
        "times by several; the real-time wake-ups below show how it was just now";
  }
  return finding;
}

// kernel/softirq.c names them, one of each for every CPU.
std::optional<Finding> check_softirq_threads(const std::string& root, const std::string& version,
                                             const config::WorkersSection* workers) {
  if (!is_fully_preemptible(root, version)) return std::nullopt;
  std::optional<KernelThread> lowest;
  for (KernelThread& thread : kernel_threads(root)) {
    if (!thread.name.starts_with("ksoftirqd/") && !thread.name.starts_with("ktimers/")) continue;
    if (!lowest || thread.priority < lowest->priority) lowest = std::move(thread);
  }
  if (!lowest) return std::nullopt;
  Finding finding{"softirq threads", Verdict::good,
                  "priority " + std::to_string(lowest->priority) + " (" + lowest->name + ")"};
  const int ours = workers == nullptr ? 0 : *workers->realtime;
  if (lowest->priority > ours || ours == 0) return finding;
  finding.verdict = Verdict::poor;
  finding.text +=
      ": packets of a port of the kernel's (af_packet, af_xdp, tap) wait while anything "
      "of workers.realtime = " +
      std::to_string(ours) +
      " runs there; for thread in $(pgrep '^(ksoftirqd|ktimers)/'); do chrt -f -p " +
      std::to_string(std::min(ours + 1, 99)) + " $thread; done";
  return finding;
}

Finding check_cpus(const std::string& root, unsigned cpus) {
  const auto governor = read_word(root + "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
  Finding finding{"CPUs", Verdict::good, std::to_string(cpus)};
  if (cpus < 4) finding.text += ", so packet and USB worker share one thread unless told otherwise";
  if (governor && *governor != "performance") {
    finding.verdict = Verdict::poor;
    finding.text += "; governor " + *governor +
                    ": waking up from low clocks adds up to a few 100 us; cpupower frequency-set "
                    "-g performance";
  }
  return finding;
}

Finding check_isolated_cpus(const std::string& root, const config::WorkersSection* workers) {
  const std::string list = read_word(root + "/sys/devices/system/cpu/isolated").value_or("");
  const std::set<unsigned> isolated = parse_cpu_list(list);
  Finding finding{"isolcpus", Verdict::good, list.empty() ? "none" : list};
  std::string shared;
  for (const unsigned core : pinned_cores(workers)) {
    if (!isolated.contains(core)) shared += (shared.empty() ? "" : ",") + std::to_string(core);
  }
  if (!shared.empty()) {
    finding.verdict = Verdict::poor;
    finding.text += ", but workers are pinned to " + shared +
                    ", where other programs run too and the workers cannot move away: late by as "
                    "much as the wake-ups below; boot with isolcpus=" +
                    shared;
  } else if (pinned_cores(workers).empty()) {
    finding.text += isolated.empty()
                        ? ", and no worker is pinned: they run where there is room"
                        : ", and no worker is there; set workers.packet_core and usb_core";
  }
  return finding;
}

Finding check_realtime_limit(const std::string& root, const config::WorkersSection* workers) {
  const auto runtime = read_number(root + "/proc/sys/kernel/sched_rt_runtime_us");
  const auto period = read_number(root + "/proc/sys/kernel/sched_rt_period_us");
  Finding finding{"real-time limit", Verdict::good, "none"};
  if (!runtime || !period || *runtime < 0 || *runtime >= *period) return finding;
  finding.text =
      std::to_string(*runtime / 1000) + " ms of each " + std::to_string(*period / 1000) + " ms";
  const bool is_busy =
      workers != nullptr && *workers->realtime > 0 && *workers->idle == config::Idle::busy;
  if (!is_busy) {
    finding.text += ", which workers that sleep do not reach";
    return finding;
  }
  finding.verdict = Verdict::poor;
  finding.cost = std::chrono::microseconds(*period - *runtime);
  finding.text +=
      ": workers.idle = \"busy\" with workers.realtime is stopped for the rest, which is heard; "
      "sysctl kernel.sched_rt_runtime_us=-1";
  return finding;
}

CpuTicks read_cpu_ticks(const std::string& root) {
  std::ifstream file(root + "/proc/stat");
  std::string heading;
  file >> heading;
  CpuTicks ticks;
  // user, nice, system, idle, iowait, irq, softirq, steal; guest time is inside user time.
  for (int field = 0; field < 8; ++field) {
    std::uint64_t value = 0;
    if (!(file >> value)) break;
    ticks.all += value;
    if (field == 7) ticks.stolen = value;
  }
  return ticks;
}

Finding judge_steal(const CpuTicks& before, const CpuTicks& after) {
  const double now = share_stolen({after.all - before.all, after.stolen - before.stolen});
  const double since_boot = share_stolen(after);
  Finding finding{"steal time", Verdict::good,
                  percent(now) + " just now, " + percent(since_boot) + " since boot"};
  if (after.stolen == 0) {
    finding.text += ": no hypervisor takes CPU time from this machine";
    return finding;
  }
  const auto lost = std::chrono::duration<double>(std::max(now, since_boot));
  finding.text +=
      ": a hypervisor took " +
      std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(lost).count()) +
      " ms of a CPU's second, in pieces that each are a late wake-up";
  if (std::max(now, since_boot) < kMuchStolen) return finding;
  finding.verdict = Verdict::poor;
  finding.text += "; give the machine CPUs of its own";
  return finding;
}

Finding judge_lateness(const Lateness& lateness, bool is_realtime) {
  const Histogram& histogram = lateness.histogram();
  const std::int64_t p99 = histogram.quantile(0.99);
  Finding finding{is_realtime ? "wake-ups, SCHED_FIFO" : "wake-ups, ordinary", Verdict::good, {}};
  finding.bars = lateness.bars();
  finding.cost = Duration{p99};
  finding.text = "late by " + microseconds(histogram.quantile(0.5)) + " (p50), " +
                 microseconds(p99) + " (p99), " + microseconds(histogram.max()) +
                 " (max): " + bar_text(finding.bars) + "; the p99 is part of every playout margin";
  if (p99 > kLate) {
    finding.verdict = Verdict::poor;
    finding.text += is_realtime ? "; raise playout, or give usbgw a core of its own"
                                : "; set workers.realtime, or workers.idle = \"busy\" on a core of "
                                  "its own";
  }
  return finding;
}

Finding judge_timer_slack(Duration slack) {
  return {"timer slack", Verdict::good,
          microseconds(slack.count()) +
              ": an ordinary thread may wake up later by that much; the workers have none",
          slack};
}

}  // namespace usbgw::app
