#include "app/account.h"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace usbgw::app {
namespace {

constexpr std::size_t kEntryBytes = 16384;  // sysconf(_SC_GETPW_R_SIZE_MAX) is 1024 on Linux
constexpr int kMaxGroups = 1024;

std::vector<gid_t> groups_of(const std::string& name, gid_t group) {
  std::vector<gid_t> groups(kMaxGroups);
  int count = kMaxGroups;
  if (::getgrouplist(name.c_str(), group, groups.data(), &count) < 0) return {group};
  groups.resize(static_cast<std::size_t>(count));
  return groups;
}

}  // namespace

Result<Account> find_account(const config::Value<std::string>& user) {
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, kEntryBytes> strings;
  const int error = ::getpwnam_r(user->c_str(), &entry, strings.data(), strings.size(), &found);
  if (found == nullptr) {
    const std::string where = user.at.to_string() + ": ";
    if (error != 0) return fail(ErrorCode::io, with_errno(where + "looking up " + *user, error));
    return fail(ErrorCode::invalid_argument, where + "this machine has no user \"" + *user +
                                                 "\"; make it: useradd --system --user-group " +
                                                 *user + ", or name another user");
  }
  return Account{*user, entry.pw_uid, entry.pw_gid, groups_of(*user, entry.pw_gid)};
}

bool may_read_and_write(const std::string& path, const Account& account) {
  if (account.id == ::geteuid()) return ::access(path.c_str(), R_OK | W_OK) == 0;
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return false;
  const auto allows = [&](mode_t bits) { return (status.st_mode & bits) == bits; };
  if (account.id == 0) return true;
  if (status.st_uid == account.id) return allows(S_IRUSR | S_IWUSR);
  const bool is_member = std::find(account.groups.begin(), account.groups.end(), status.st_gid) !=
                         account.groups.end();
  return allows(is_member ? S_IRGRP | S_IWGRP : S_IROTH | S_IWOTH);
}

}  // namespace usbgw::app
