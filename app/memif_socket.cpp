#include "app/memif_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "control/file_descriptor.h"

namespace usbgw::app {
namespace {

constexpr std::string_view kMemif = "memif:";
constexpr std::string_view kServer = ",server";

// DPDK's memif speaks over SOCK_SEQPACKET (drivers/net/memif/memif_socket.c).
bool is_abandoned(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  struct stat status {};
  if (path.size() >= sizeof address.sun_path || ::lstat(path.c_str(), &status) != 0) return false;
  if (!S_ISSOCK(status.st_mode)) return false;
  path.copy(address.sun_path, path.size());
  const control::FileDescriptor socket(
      ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
  return ::connect(socket.get(), generic, sizeof address) != 0 && errno == ECONNREFUSED;
}

}  // namespace

std::string memif_server_socket(const std::string& port) {
  if (!port.starts_with(kMemif) || !port.ends_with(kServer)) return {};
  return port.substr(kMemif.size(), port.size() - kMemif.size() - kServer.size());
}

void remove_stale_memif_socket(const std::string& path) {
  if (is_abandoned(path)) ::unlink(path.c_str());
}

}  // namespace usbgw::app
