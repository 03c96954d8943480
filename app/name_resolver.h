// Addresses of the peers that the configuration names, without a wait: literals at once, names by
// a thread of their own, because a lookup that a silent DNS server holds up for half a minute would
// stop every other peer's control channel. One owner, the control thread.
#pragma once

#include <functional>
#include <future>
#include <map>
#include <optional>
#include <string>

#include "common/ip_address.h"
#include "common/result.h"

namespace usbgw::app {

// The first address of a host; waits for as long as the system's resolver does. Errors: not_found.
[[nodiscard]] Result<IpAddress> look_up(const std::string& host);

class NameResolver {
 public:
  // Runs in a thread that may outlive the resolver: owns what it uses.
  using Lookup = std::function<Result<IpAddress>(const std::string& host)>;
  explicit NameResolver(Lookup look_up_name = look_up) : look_up_(std::move(look_up_name)) {}

  // What the newest ended lookup found; begins the next one, which the next call may take. Errors:
  // not_found; unavailable (the first lookup has not ended). Both say what to do.
  [[nodiscard]] Result<IpAddress> resolve(const std::string& host);

 private:
  struct Name {
    std::optional<Result<IpAddress>> newest;
    std::future<Result<IpAddress>> pending;
  };
  [[nodiscard]] Result<void> begin(const std::string& host, Name& name) const;

  Lookup look_up_;
  std::map<std::string, Name> names_;
};

}  // namespace usbgw::app
