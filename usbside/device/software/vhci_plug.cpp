#include "usbside/device/software/vhci_plug.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace usbgw::device::software {
namespace {

constexpr const char* kAttach = "/sys/devices/platform/vhci_hcd.0/attach";
constexpr unsigned kBus = 1;  // high half of devid; any value serves

Error explain_open(int error) {
  if (error == ENOENT) {
    return {ErrorCode::unavailable, "this kernel has no vhci_hcd: modprobe vhci-hcd"};
  }
  if (error == EACCES || error == EPERM) {
    return {ErrorCode::unavailable, std::string(kAttach) + ": only root may plug devices in"};
  }
  return {ErrorCode::io, with_errno(kAttach, error)};
}

Error explain_attach(unsigned port, int error) {
  const std::string name = "vhci port " + std::to_string(port);
  if (error == EBUSY) {
    return {ErrorCode::busy, name + " is in use: usbip port shows by what; choose another"};
  }
  if (error == EINVAL) {
    return {ErrorCode::invalid_argument,
            name + " does not exist: /sys/devices/platform/vhci_hcd.0/nports has their number"};
  }
  return {ErrorCode::io, with_errno("attaching to " + name, error)};
}

}  // namespace

Result<int> plug_into_vhci(unsigned port, Speed speed) {
  const int attach = open(kAttach, O_WRONLY | O_CLOEXEC);
  if (attach < 0) return tl::unexpected(explain_open(errno));
  int ends[2] = {-1, -1};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    const int error = errno;
    close(attach);
    return fail(ErrorCode::io, with_errno("socketpair", error));
  }
  const unsigned devid = kBus << 16 | (port + 2);
  const std::string line = std::to_string(port) + " " + std::to_string(ends[1]) + " " +
                           std::to_string(devid) + " " +
                           std::to_string(static_cast<unsigned>(speed));
  const ssize_t written = write(attach, line.data(), line.size());
  const int error = errno;
  close(attach);
  close(ends[1]);  // vhci holds its own reference
  if (written < 0) {
    close(ends[0]);
    return tl::unexpected(explain_attach(port, error));
  }
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return ends[0];
}

}  // namespace usbgw::device::software
