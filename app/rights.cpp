#include "app/rights.h"

#include <cap-ng.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "app/device_nodes.h"
#include "app/memif_socket.h"
#include "control/file_descriptor.h"

namespace usbgw::app {
namespace {

constexpr auto kBothSets = static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED);

// Which of its steps failed: the return values of capng_change_id(3).
std::string step_that_failed(int result) {
  switch (result) {
    case -3:
    case -9:
      return "setting capabilities";
    case -4:
      return "setting the group (needs CAP_SETGID)";
    case -5:
      return "setting the supplementary groups (needs CAP_SETGID)";
    case -6:
      return "setting the user (needs CAP_SETUID)";
    default:
      return "changing the user";
  }
}

// A process that has locked its future pages can map no more of them than the limit, and threads
// of libraries go on without CAP_IPC_LOCK.
bool lift_memory_limit() {
  constexpr rlimit kNone{RLIM_INFINITY, RLIM_INFINITY};
  return ::setrlimit(RLIMIT_MEMLOCK, &kNone) == 0;
}

bool uses_af_xdp(const config::DataplaneSection& section) {
  return section.port->starts_with("af_xdp:");
}

}  // namespace

std::vector<unsigned> capabilities_in_use(const config::Document& document) {
  std::vector<unsigned> capabilities;
  // The XDP program is taken off the interface when the node ends.
  if (uses_af_xdp(document.dataplane) ||
      (document.second_path && uses_af_xdp(*document.second_path)))
    capabilities.push_back(CAP_NET_ADMIN);
  // Our own threads that start later, and the kernel's for each attached vhci port.
  const bool has_vhci_core = document.node.is_host && document.workers.vhci_core;
  if (*document.workers.realtime > 0 || has_vhci_core) capabilities.push_back(CAP_SYS_NICE);
  return capabilities;
}

std::string capability_text(const std::vector<unsigned>& capabilities) {
  if (capabilities.empty()) return "no capability";
  std::string text;
  for (std::size_t i = 0; i < capabilities.size(); ++i) {
    std::string name = ::capng_capability_to_name(capabilities[i]);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    text += (i == 0 ? "CAP_" : i + 1 == capabilities.size() ? " and CAP_" : ", CAP_") + name;
  }
  return text;
}

Result<std::vector<unsigned>> become(const Account& account,
                                     const std::vector<unsigned>& capabilities) {
  ::capng_get_caps_process();
  std::vector<unsigned> kept = capabilities;
  std::erase_if(kept, [](unsigned capability) {
    return ::capng_have_capability(CAPNG_PERMITTED, capability) == 0;
  });
  const bool may_clear_bounds = ::capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP) != 0;
  ::capng_clear(CAPNG_SELECT_BOTH);
  for (const unsigned capability : kept) ::capng_update(CAPNG_ADD, kBothSets, capability);
  const int flags = CAPNG_INIT_SUPP_GRP | (may_clear_bounds ? CAPNG_CLEAR_BOUNDING : 0);
  const int result =
      ::capng_change_id(static_cast<int>(account.id), static_cast<int>(account.group),
                        static_cast<capng_flags_t>(flags));
  if (result != 0) {
    return fail(
        ErrorCode::refused,
        with_errno("cannot become \"" + account.name + "\": " + step_that_failed(result), errno));
  }
  // Nothing that is executed from here on can win rights back.
  static_cast<void>(::prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL));
  return kept;
}

// Not by path: the user may own the folder, and put a link to another file there meanwhile.
Result<void> hand_over(const std::string& path, mode_t type, const Account& account) {
  const auto refused = [&path](const std::string& why) {
    return fail(ErrorCode::refused, path + " stays root's: " + why);
  };
  const control::FileDescriptor file(::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) return refused(std::strerror(errno));
  if ((status.st_mode & S_IFMT) != type) return refused("another file is in its place");
  // A second name of a socket that another program made.
  if (type == S_IFSOCK && status.st_nlink != 1) return refused("it has another name too");
  if (::fchownat(file.get(), "", account.id, account.group, AT_EMPTY_PATH) != 0)
    return refused(std::strerror(errno));
  return {};
}

Result<Rights> Rights::plan(const config::Document& document) {
  const config::Value<std::string>& user = document.node.user;
  if (!user.is_written()) return Rights(document, std::nullopt);
  auto account = find_account(user);
  if (!account) return tl::unexpected(account.error());
  if (account->id == ::geteuid()) return Rights(document, std::nullopt);
  if (::geteuid() != 0) {
    return fail(ErrorCode::refused, user.at.to_string() + ": only root can become \"" + *user +
                                        "\"; start usbgw as root or as \"" + *user +
                                        "\", or remove the key");
  }
  return Rights(document, std::move(*account));
}

void Rights::prepare_folder() const {
  if (!account_) return;
  const std::string folder = std::filesystem::path(*document_.admin.socket).parent_path().string();
  // What is wrong shows when the socket is made.
  if (::mkdir(folder.c_str(), 0755) != 0) return;
  static_cast<void>(hand_over(folder, S_IFDIR, *account_));
}

void Rights::lock_memory(Log& log) const {
  if (*document_.workers.realtime == 0) return;
  const bool is_bounded = account_ && !lift_memory_limit();
  const int pages = is_bounded ? MCL_CURRENT : MCL_CURRENT | MCL_FUTURE;
  if (::mlockall(pages) != 0) {
    log.warning(
        "memory is not locked (grant CAP_IPC_LOCK or raise LimitMEMLOCK): a page fault can click");
  } else if (is_bounded) {
    log.warning(
        "only the memory of the start is locked (raise LimitMEMLOCK or grant CAP_SYS_RESOURCE): a "
        "page fault can click");
  }
}

void Rights::hand_over_sockets(Log& log) const {
  std::vector<std::string> sockets{*document_.admin.socket,
                                   memif_server_socket(*document_.dataplane.port)};
  if (document_.second_path) sockets.push_back(memif_server_socket(*document_.second_path->port));
  for (const std::string& path : sockets) {
    if (path.empty()) continue;
    if (const auto handed = hand_over(path, S_IFSOCK, *account_); !handed)
      log.warning(handed.error().context + "; " + account_->name + " cannot connect");
  }
}

void Rights::warn_of_closed_nodes(Log& log) const {
  for (const DeviceNode& node : exported_nodes(document_)) {
    if (may_read_and_write(node.path, *account_)) continue;
    log.warning(document_.node.user.at.to_string() + ": " + account_->name + " may not open " +
                node.device + " (" + node.path + "); install deploy/udev/70-usbgw.rules, put " +
                account_->name + " into the group usbgw, and plug it in again");
  }
}

Result<void> Rights::settle(Log& log) const {
  lock_memory(log);
  if (!account_) {
    if (::geteuid() == 0 && !document_.node.user.is_written()) {
      log.warning(document_.file +
                  ": node.user is not set, so this process keeps all of root's rights; write "
                  "user = \"usbgw\" under [node]");
    }
    return {};
  }
  hand_over_sockets(log);
  const auto kept = become(*account_, capabilities_in_use(document_));
  if (!kept) {
    return fail(kept.error().code,
                document_.node.user.at.to_string() + ": " + kept.error().context);
  }
  log.info("root's rights are dropped: " + account_->name + " with " + capability_text(*kept));
  warn_of_closed_nodes(log);
  return {};
}

}  // namespace usbgw::app
