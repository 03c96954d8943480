// A user of this machine, as [node] user names one.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "common/result.h"
#include "config/value.h"

namespace usbgw::app {

struct Account {
  std::string name;
  uid_t id = 0;
  gid_t group = 0;
  std::vector<gid_t> groups;  // `group` and those that list the user
};

// Errors: invalid_argument, with the key's file and line.
[[nodiscard]] Result<Account> find_account(const config::Value<std::string>& user);

// By owner, group and mode; for the user that runs this, as the kernel says.
[[nodiscard]] bool may_read_and_write(const std::string& path, const Account& account);

}  // namespace usbgw::app
