#include "app/doctor_command.h"

#include <sys/utsname.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

#include "app/config_command.h"
#include "app/doctor_checks.h"
#include "app/text_table.h"
#include "app/wake_up_probe.h"

namespace usbgw::app {
namespace {

// Half a second each for ordinary and real-time scheduling.
constexpr Duration kProbe = std::chrono::milliseconds(500);

Finding check_kernel() {
  utsname name{};
  ::uname(&name);
  const std::string_view version = name.version;
  Finding finding{"kernel", Verdict::good, std::string(name.release)};
  finding.text += version.find("PREEMPT_RT") != std::string_view::npos
                      ? ", fully preemptible"
                      : ", not PREEMPT_RT: drivers of other devices can delay a wake-up";
  return finding;
}

void add_timing(std::vector<Finding>& findings, int priority) {
  findings.push_back({"timer slack", Verdict::good,
                      std::to_string(timer_slack().count() / 1000) +
                          " us: an ordinary thread may wake up later by that much"});
  if (const auto ordinary = measure_wake_ups(kProbe, 0)) {
    findings.push_back(judge_lateness(*ordinary, false));
  }
  if (const auto realtime = measure_wake_ups(kProbe, priority)) {
    findings.push_back(judge_lateness(*realtime, true));
  } else {
    findings.push_back({"real-time scheduling", Verdict::poor,
                        "not permitted: other programs can delay the workers by milliseconds; give "
                        "usbgw CAP_SYS_NICE, or its user an rtprio limit"});
  }
}

std::vector<Finding> examine(const std::optional<config::Document>& document) {
  const std::string root;
  const bool is_host = document && document->node.is_host;
  const bool wants_hugepages = document && *document->dataplane.hugepages;
  std::vector<Finding> findings{check_kernel(),
                                check_cpus(root, std::thread::hardware_concurrency()),
                                check_vhci(root, is_host && !document->uses_ring()),
                                check_usbfs_memory(root), check_hugepages(root, wants_hugepages)};
  if (document) findings.push_back(check_port(root, document->dataplane));
  const int configured = document ? *document->workers.realtime : 0;
  add_timing(findings, std::max(configured, 1));
  return findings;
}

void print_text(const std::vector<Finding>& findings) {
  TextTable table({"", "WHAT", "HOW IT IS AND WHAT THAT COSTS"});
  for (const Finding& finding : findings) {
    table.add({to_string(finding.verdict), finding.name, finding.text});
  }
  std::fputs(table.text().c_str(), stdout);
}

void print_json(const std::vector<Finding>& findings) {
  nlohmann::json list = nlohmann::json::array();
  for (const Finding& finding : findings) {
    list.push_back(
        {{"name", finding.name}, {"verdict", to_string(finding.verdict)}, {"text", finding.text}});
  }
  std::puts(nlohmann::json{{"findings", list}}.dump(2).c_str());
}

}  // namespace

Result<int> run_doctor(const DoctorOptions& options) {
  std::optional<config::Document> document;
  if (!options.config.empty()) {
    auto loaded = load_config(options.config);
    if (!loaded) return tl::unexpected<Error>(loaded.error());
    document = *std::move(loaded);
  }
  const std::vector<Finding> findings = examine(document);
  options.json ? print_json(findings) : print_text(findings);
  const bool is_fit = std::none_of(findings.begin(), findings.end(), [](const Finding& finding) {
    return finding.verdict == Verdict::missing;
  });
  return is_fit ? 0 : 1;
}

}  // namespace usbgw::app
