#include "dataplane/dpdk/xdp_program.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <utility>
#include <vector>

#include "common/assertion.h"

namespace usbgw::dpdk {
namespace {

// steer_udp.bpf.o, made by the build.
constexpr std::uint8_t kObject[] = {
#include "dataplane/dpdk/steer_udp.inc"
};

// Of `struct settings` in steer_udp.bpf.c; the port follows, in network byte order.
constexpr std::array<std::uint8_t, 8> kMarker{'U', 'S', 'B', 'G', 'W', 'P', 'R', 'T'};

std::vector<std::uint8_t> object_for(std::uint16_t udp_port) {
  std::vector<std::uint8_t> object(std::begin(kObject), std::end(kObject));
  const auto marker = std::search(object.begin(), object.end(), kMarker.begin(), kMarker.end());
  USBGW_ASSERT(object.end() - marker >= std::ptrdiff_t{kMarker.size()} + 2);
  marker[kMarker.size()] = static_cast<std::uint8_t>(udp_port >> 8);
  marker[kMarker.size() + 1] = static_cast<std::uint8_t>(udp_port & 0xff);
  return object;
}

}  // namespace

Result<XdpProgram> XdpProgram::make(std::uint16_t udp_port) {
  XdpProgram program(::memfd_create("usbgw-steer-udp", MFD_CLOEXEC));
  const auto object = object_for(udp_port);
  if (program.descriptor_ < 0 || ::write(program.descriptor_, object.data(), object.size()) !=
                                     static_cast<ssize_t>(object.size()))
    return fail(ErrorCode::io, with_errno("keeping the XDP program", errno));
  return program;
}

XdpProgram::~XdpProgram() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

XdpProgram::XdpProgram(XdpProgram&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

std::string XdpProgram::path() const {
  return descriptor_ < 0 ? "" : "/proc/self/fd/" + std::to_string(descriptor_);
}

}  // namespace usbgw::dpdk
