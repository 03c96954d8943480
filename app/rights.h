// What a node may do once it runs: root opens what only root can (vhci's files, the port, sockets,
// logs), then the process becomes the user of [node] user and keeps the capabilities in use.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "app/account.h"
#include "common/log.h"
#include "config/document.h"

namespace usbgw::app {

// linux/capability.h. What this node still uses after its start.
[[nodiscard]] std::vector<unsigned> capabilities_in_use(const config::Document& document);
// "CAP_SYS_NICE", "CAP_NET_ADMIN and CAP_SYS_NICE", "no capability".
[[nodiscard]] std::string capability_text(const std::vector<unsigned>& capabilities);

// All threads; those that are there already keep no capability, those that are started later by
// this one have what it keeps. Of `capabilities` it keeps those it has, and gives them.
[[nodiscard]] Result<std::vector<unsigned>> become(const Account& account,
                                                   const std::vector<unsigned>& capabilities);

// Makes the account own what is at `path` itself, never what a link there leads to. `type`: what
// it must be, S_IFSOCK or S_IFDIR. Errors: refused (names the path and why).
[[nodiscard]] Result<void> hand_over(const std::string& path, mode_t type, const Account& account);

class Rights {
 public:
  // Before anything is opened. Errors: invalid_argument (no such user), refused (the key names
  // another user than the one that runs this, who is not root); both name the key and its line.
  [[nodiscard]] static Result<Rights> plan(const config::Document& document);

  // The admin socket's folder, where there is none: the user's, so that it can remove its socket.
  void prepare_folder() const;
  // When everything is open and no worker runs. Locks memory for real-time nodes, gives the user
  // the sockets that its peers and commands connect to, becomes the user. One line in the log.
  [[nodiscard]] Result<void> settle(Log& log) const;

 private:
  Rights(const config::Document& document, std::optional<Account> account)
      : document_(document), account_(std::move(account)) {}
  void lock_memory(Log& log) const;
  void hand_over_sockets(Log& log) const;
  void warn_of_closed_nodes(Log& log) const;

  const config::Document& document_;  // outlives this
  std::optional<Account> account_;    // whom to become
};

}  // namespace usbgw::app
