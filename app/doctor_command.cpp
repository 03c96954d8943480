#include "app/doctor_command.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <thread>
#include <vector>

#include "app/admin_commands.h"
#include "app/config_command.h"
#include "app/doctor_checks.h"
#include "app/doctor_network.h"
#include "app/doctor_rights.h"
#include "app/doctor_timing.h"
#include "app/wake_up_probe.h"
#include "control/admin_client.h"

namespace usbgw::app {
namespace {

// One each for ordinary and real-time scheduling.
constexpr Duration kProbe = std::chrono::seconds(1);
constexpr Duration kPatience = std::chrono::seconds(5);

class Examination {
 public:
  explicit Examination(const std::optional<config::Document>& document, std::string config)
      : document_(document), config_(std::move(config)) {}

  [[nodiscard]] std::vector<Finding> run() {
    look_at_machine();
    look_at_rights();
    look_at_network();
    measure_timing();
    if (is_watched_) std::fputs("\r\033[K", stderr);
    return std::move(findings_);
  }

 private:
  void look_at_machine();
  void look_at_rights();
  void look_at_network();
  void measure_timing();
  [[nodiscard]] Result<control::StatusReport> ask_node() const;
  void add(Finding finding) { findings_.push_back(std::move(finding)); }
  // Where somebody looks: these things take seconds.
  void say(const char* what) const {
    if (is_watched_) std::fprintf(stderr, "\r\033[Kdoctor: %s", what);
  }

  const std::optional<config::Document>& document_;
  const std::string config_;
  const std::string root_;
  const bool is_watched_ = ::isatty(STDERR_FILENO) != 0;
  std::vector<Finding> findings_;
};

void Examination::look_at_machine() {
  const config::WorkersSection* workers = document_ ? &document_->workers : nullptr;
  utsname name{};
  ::uname(&name);
  add(check_kernel(root_, name.release, name.version));
  if (auto threads = check_softirq_threads(root_, name.version, workers)) add(std::move(*threads));
  add(check_cpus(root_, std::thread::hardware_concurrency()));
  add(check_isolated_cpus(root_, workers));
  add(check_realtime_limit(root_, workers));
  const bool needs_vhci = document_ && document_->node.is_host && !document_->uses_ring();
  add(check_vhci(root_, needs_vhci));
  add(check_usbfs_memory(root_));
  add(check_hugepages(root_, document_ && *document_->dataplane.hugepages));
}

void Examination::look_at_rights() {
  add(check_memory_lock());
  if (!document_) return;
  add(check_user(*document_, ::geteuid()));
  for (Finding& finding : check_device_nodes(*document_, ::geteuid(), root_)) {
    add(std::move(finding));
  }
}

Result<control::StatusReport> Examination::ask_node() const {
  AdminOptions options;
  options.config = config_;
  const auto socket = find_socket(options);
  if (!socket) return tl::unexpected(socket.error());
  auto reply = control::ask(*socket, control::StatusRequest{}, kPatience);
  if (!reply) return tl::unexpected(reply.error());
  if (auto* status = std::get_if<control::StatusReport>(&*reply)) return std::move(*status);
  return fail(ErrorCode::protocol, "the running usbgw answered another question");
}

void Examination::look_at_network() {
  if (document_) {
    add(check_port(root_, document_->dataplane));
    if (auto nic = check_nic(root_, document_->dataplane)) add(std::move(*nic));
  }
  say("asking the running node");
  const auto status = ask_node();
  if (!status) {
    add(unknown_peers(status.error().context));
    return;
  }
  const config::DataplaneSection* dataplane = document_ ? &document_->dataplane : nullptr;
  for (Finding& finding : judge_peers(*status, dataplane)) add(std::move(finding));
}

void Examination::measure_timing() {
  const int priority = std::max<int>(document_ ? *document_->workers.realtime : 0, 1);
  const CpuTicks before = read_cpu_ticks(root_);
  add(judge_timer_slack(timer_slack()));
  say("measuring wake-ups, 2 s");
  if (const auto ordinary = measure_wake_ups(kProbe, 0)) add(judge_lateness(*ordinary, false));
  say("measuring real-time wake-ups, 1 s");
  if (const auto realtime = measure_wake_ups(kProbe, priority)) {
    add(judge_lateness(*realtime, true));
  } else {
    add({"real-time scheduling", Verdict::poor,
         "not permitted: other programs can delay the workers by milliseconds, by as much as the "
         "ordinary wake-ups above; give usbgw CAP_SYS_NICE, or its user an rtprio limit"});
  }
  add(judge_steal(before, read_cpu_ticks(root_)));
}

}  // namespace

Result<int> run_doctor(const DoctorOptions& options) {
  std::optional<config::Document> document;
  if (!options.config.empty()) {
    auto loaded = load_config(options.config);
    if (!loaded) return tl::unexpected<Error>(loaded.error());
    document = *std::move(loaded);
  }
  const std::vector<Finding> findings = Examination(document, options.config).run();
  const std::string text = options.json ? findings_json(findings) : findings_text(findings);
  std::fputs(text.c_str(), stdout);
  const bool is_fit = std::none_of(findings.begin(), findings.end(), [](const Finding& finding) {
    return finding.verdict == Verdict::missing;
  });
  return is_fit ? 0 : 1;
}

}  // namespace usbgw::app
