#include "app/doctor_rights.h"

#include <sys/resource.h>
#include <unistd.h>

#include "app/device_nodes.h"
#include "app/rights.h"

namespace usbgw::app {
namespace {

bool needs_root(const config::Document& document) {
  return document.node.is_host || !document.uses_ring();
}

// Who opens devices: the configured user, or whoever starts the node.
Result<Account> opener(const config::Document& document, uid_t me) {
  if (document.node.user.is_written()) return find_account(document.node.user);
  return Account{me == 0 ? "root" : "user " + std::to_string(me), me, ::getegid(), {::getegid()}};
}

}  // namespace

Finding check_user(const config::Document& document, uid_t me) {
  Finding finding{"rights", Verdict::good, {}};
  const config::Value<std::string>& user = document.node.user;
  const std::string kept = capability_text(capabilities_in_use(document));
  if (!user.is_written() && me == 0) {
    finding.verdict = Verdict::poor;
    finding.text = document.file +
                   ": node.user is not set: started by root it keeps all of root's rights, so a "
                   "fault in it is a fault of the machine; write user = \"usbgw\" under [node]";
  } else if (!user.is_written()) {
    finding.text = "runs as whoever starts it";
  } else if (const auto account = find_account(user); !account) {
    finding.verdict = Verdict::missing;
    finding.text = account.error().context;
  } else if (account->id == me) {
    finding.text = "runs as " + *user + ", who starts it";
  } else {
    finding.text = "root starts it, then it is " + *user + " with " + kept;
  }
  if (me != 0 && needs_root(document)) {
    finding.verdict = finding.verdict == Verdict::missing ? Verdict::missing : Verdict::poor;
    finding.text += "; you are not root, who alone may open vhci and ports at its start";
  }
  return finding;
}

std::vector<Finding> check_device_nodes(const config::Document& document, uid_t me,
                                        const std::string& root) {
  std::vector<Finding> findings;
  const auto account = opener(document, me);
  if (!account) return findings;  // check_user says so
  for (const DeviceNode& node : exported_nodes(document, root)) {
    Finding finding{"device " + node.device, Verdict::good,
                    node.path + ": " + account->name + " may open it"};
    if (!may_read_and_write(node.path, *account)) {
      finding.verdict = Verdict::missing;
      finding.text = node.path + ": " + account->name +
                     " may not open it, so nobody can attach it; install "
                     "deploy/udev/70-usbgw.rules, put " +
                     account->name + " into the group usbgw, and plug it in again";
    }
    findings.push_back(std::move(finding));
  }
  return findings;
}

Finding check_memory_lock() {
  rlimit limit{};
  ::getrlimit(RLIMIT_MEMLOCK, &limit);
  if (limit.rlim_cur == RLIM_INFINITY || ::geteuid() == 0) {
    return {"memory lock", Verdict::good, "permitted: no page of a running node is swapped out"};
  }
  return {"memory lock", Verdict::poor,
          "limited to " + std::to_string(limit.rlim_cur >> 20) +
              " MB: a page that was swapped out costs milliseconds when it is needed; set "
              "LimitMEMLOCK=infinity, or start it as root"};
}

}  // namespace usbgw::app
