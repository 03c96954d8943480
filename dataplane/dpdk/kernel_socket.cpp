#include "dataplane/dpdk/kernel_socket.h"

#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <string>

namespace usbgw::dpdk {
namespace {

std::vector<int> sockets_of(int family) {
  std::vector<int> found;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", ignored)) {
    const std::string name = entry.path().filename();
    int descriptor = -1;
    std::from_chars(name.data(), name.data() + name.size(), descriptor);
    int domain = 0;
    socklen_t bytes = sizeof domain;
    if (::getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &bytes) == 0 && domain == family)
      found.push_back(descriptor);
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace

SocketCensus::SocketCensus(int family) : family_(family), before_(sockets_of(family)) {}

std::optional<int> SocketCensus::newcomer() const {
  const std::vector<int> now = sockets_of(family_);
  std::vector<int> come;
  std::set_difference(now.begin(), now.end(), before_.begin(), before_.end(),
                      std::back_inserter(come));
  if (come.size() != 1) return std::nullopt;
  return come.front();
}

void clear_error(int socket) {
  int error = 0;
  socklen_t bytes = sizeof error;
  static_cast<void>(::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &bytes));
}

}  // namespace usbgw::dpdk
