#include "app/new_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <sstream>

namespace usbgw::app {
namespace {

// 0, or errno.
int write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno != EINTR) return errno;
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::fsync(descriptor) == 0 ? 0 : errno;
}

}  // namespace

Result<void> write_new_file(const std::string& path, std::string_view text, Access access) {
  const int descriptor =
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, static_cast<mode_t>(access));
  if (descriptor < 0 && errno == EEXIST) {
    return fail(ErrorCode::busy, path + " is there already; move it away first");
  }
  if (descriptor < 0) return fail(ErrorCode::io, with_errno(path, errno));
  const int error = write_all(descriptor, text);
  ::close(descriptor);
  if (error == 0) return {};
  ::unlink(path.c_str());
  return fail(ErrorCode::io, with_errno(path, error));
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) return fail(ErrorCode::io, with_errno(path, errno));
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace usbgw::app
