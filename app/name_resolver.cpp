#include "app/name_resolver.h"

#include <netdb.h>
#include <sys/socket.h>

#include <chrono>
#include <memory>
#include <system_error>
#include <thread>

namespace usbgw::app {
namespace {

Result<IpAddress> ask_system(const std::string& host, int flags) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (error != 0) return fail(ErrorCode::not_found, gai_strerror(error));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, &freeaddrinfo);
  char text[NI_MAXHOST];
  const int named =
      getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST);
  if (named != 0) return fail(ErrorCode::not_found, gai_strerror(named));
  return IpAddress::parse(text);
}

std::string cannot_resolve(const std::string& host, const std::string& why) {
  return "cannot resolve \"" + host + "\" (" + why +
         "): look at /etc/hosts and /etc/resolv.conf, or write its address instead";
}

}  // namespace

Result<IpAddress> look_up(const std::string& host) {
  return ask_system(host, 0).map_error([&host](const Error& error) {
    return Error{error.code, cannot_resolve(host, error.context)};
  });
}

// The thread is not joined: nothing ends a lookup early, and a node that stops must not wait for
// it. It owns the name, the function and, with the future, the result; it sees nothing of ours.
Result<void> NameResolver::begin(const std::string& host, Name& name) const {
  std::packaged_task<Result<IpAddress>()> task(
      [look_up_name = look_up_, host] { return look_up_name(host); });
  auto result = task.get_future();
  try {
    std::thread(std::move(task)).detach();
  } catch (const std::system_error& exception) {
    return fail(ErrorCode::exhausted, cannot_resolve(host, exception.what()));
  }
  name.pending = std::move(result);
  return {};
}

Result<IpAddress> NameResolver::resolve(const std::string& host) {
  if (auto literal = ask_system(host, AI_NUMERICHOST)) return literal;
  Name& name = names_[host];
  if (name.pending.valid() &&
      name.pending.wait_for(std::chrono::seconds(0)) == std::future_status::ready) {
    name.newest = name.pending.get();
  }
  if (!name.pending.valid()) {
    if (auto begun = begin(host, name); !begun) return tl::unexpected<Error>(begun.error());
  }
  if (name.newest) return *name.newest;
  return fail(ErrorCode::unavailable, cannot_resolve(host, "no answer yet"));
}

}  // namespace usbgw::app
