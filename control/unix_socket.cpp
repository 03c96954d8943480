#include "control/unix_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace usbgw::control {
namespace {

constexpr int kBacklog = 16;
constexpr std::string_view kAdvice = "; set [admin] socket to another path, or use the right user";

Result<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    return fail(ErrorCode::invalid_argument,
                "admin socket path \"" + path + "\": allowed are 1 to 107 characters");
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

int bind_to(int descriptor, const sockaddr_un& address) {
  return ::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0
             ? 0
             : errno;
}

int connect_result(int descriptor, const sockaddr_un& address) {
  return ::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0
             ? 0
             : errno;
}

FileDescriptor new_socket() {
  return FileDescriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

void make_folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  // A failure shows in bind(), which names the path.
  if (slash != std::string::npos && slash > 0) ::mkdir(path.substr(0, slash).c_str(), 0755);
}

// Removes a socket file that nobody listens at; anything else stays and is an error.
Result<void> remove_stale(const std::string& path, const sockaddr_un& address) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return {};
  if (!S_ISSOCK(status.st_mode)) {
    return fail(ErrorCode::busy, "admin socket " + path + ": a file that is no socket is there");
  }
  const FileDescriptor probe = new_socket();
  if (connect_result(probe.get(), address) != ECONNREFUSED) {
    return fail(ErrorCode::busy, "admin socket " + path +
                                     ": another usbgw answers there; stop it, or give this one "
                                     "another [admin] socket");
  }
  if (::unlink(path.c_str()) != 0) {
    return fail(ErrorCode::io, with_errno("admin socket " + path, errno) + std::string(kAdvice));
  }
  return {};
}

}  // namespace

Result<FileDescriptor> listen_at(const std::string& path) {
  const auto address = address_of(path);
  if (!address) return tl::unexpected<Error>(address.error());
  make_folder_of(path);
  FileDescriptor socket = new_socket();
  // Linux gives the file the mode of the socket's inode: there is no moment when others may
  // connect.
  if (!socket || ::fchmod(socket.get(), 0600) != 0) {
    return fail(ErrorCode::io, with_errno("admin socket " + path, errno));
  }
  int error = bind_to(socket.get(), *address);
  if (error == EADDRINUSE) {
    if (auto removed = remove_stale(path, *address); !removed) {
      return tl::unexpected<Error>(removed.error());
    }
    error = bind_to(socket.get(), *address);
  }
  if (error == 0 && ::listen(socket.get(), kBacklog) != 0) error = errno;
  if (error != 0) {
    return fail(ErrorCode::io, with_errno("admin socket " + path, error) + std::string(kAdvice));
  }
  return socket;
}

Result<FileDescriptor> connect_to(const std::string& path) {
  const auto address = address_of(path);
  if (!address) return tl::unexpected<Error>(address.error());
  FileDescriptor socket = new_socket();
  const int error = connect_result(socket.get(), *address);
  if (error == 0) return socket;
  if (error == EACCES || error == EPERM) {
    return fail(ErrorCode::refused,
                path + " belongs to another user: run this as the user that usbgw runs as");
  }
  if (error == ENOENT || error == ECONNREFUSED || error == ENOTDIR) {
    return fail(ErrorCode::unavailable,
                "no usbgw answers at " + path + ": start it with usbgw --config FILE");
  }
  return fail(ErrorCode::io, with_errno("admin socket " + path, error));
}

}  // namespace usbgw::control
