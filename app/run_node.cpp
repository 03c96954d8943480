#include "app/run_node.h"

#include <pthread.h>
#include <sys/prctl.h>

#include <csignal>
#include <memory>

#include "app/leave_at_once.h"
#include "app/node_runtime.h"
#include "app/rights.h"
#include "app/spdlog_log.h"

namespace usbgw::app {
namespace {

constexpr Duration kStopLimit = std::chrono::seconds(15);

LogLevel level_of(config::LogLevel level) {
  switch (level) {
    case config::LogLevel::debug:
      return LogLevel::debug;
    case config::LogLevel::info:
      return LogLevel::info;
    case config::LogLevel::warning:
      return LogLevel::warning;
    case config::LogLevel::error:
      return LogLevel::error;
  }
  return LogLevel::info;
}

// Blocked in every thread, so that only wait_for_stop() takes them.
sigset_t block_stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

// khugepaged holds the whole process for milliseconds while it gathers our pages into a huge one,
// and on a kernel without full preemption the core too. DPDK's own hugepages are not concerned.
void refuse_transparent_hugepages() {
  static_cast<void>(prctl(PR_SET_THP_DISABLE, 1UL, 0UL, 0UL, 0UL));
}

std::string roles_of(const config::NodeSection& node) {
  if (node.is_agent && node.is_host) return "agent and host";
  return node.is_agent ? "agent" : "host";
}

}  // namespace

Result<int> run_node(const config::Document& document) {
  auto log = open_log(level_of(*document.log.level), *document.log.file);
  if (!log) return tl::unexpected(log.error());
  const auto rights = Rights::plan(document);
  if (!rights) return tl::unexpected(rights.error());
  const sigset_t signals = block_stop_signals();
  refuse_transparent_hugepages();
  rights->prepare_folder();
  auto runtime = NodeRuntime::make(document, **log);
  if (!runtime) return tl::unexpected(runtime.error());
  if (auto settled = rights->settle(**log); !settled) return tl::unexpected(settled.error());
  (*runtime)->start();
  (*log)->info(*document.node.name + " runs as " + roles_of(document.node) + " on " +
               document.ports_text());
  int signal = 0;
  sigwait(&signals, &signal);
  (*log)->info("stopping: giving devices back");
  if (!(*runtime)->stop(kStopLimit)) {
    leave_at_once({ErrorCode::timed_out,
                   "a device was not given back within 15 s: the kernel takes it back now; look "
                   "at `dmesg`"},
                  *document.admin.socket, **log);
  }
  return 0;
}

}  // namespace usbgw::app
