#include "dataplane/dpdk/xdp_program.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <net/if.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <iterator>
#include <string_view>
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

tl::unexpected<Error> refuse(const std::string& interface, ErrorCode code, const std::string& why) {
  return fail(code, "port af_xdp:" + interface + ": " + why);
}

// An abstract unix socket belongs to the network namespace, as the interface does, and vanishes
// with its process (unix(7)). -1 when another process has it.
int claim_interface(unsigned index) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  const std::string text = "usbgw-xdp-" + std::to_string(index);
  text.copy(name.sun_path + 1, text.size());
  const int descriptor = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + text.size());
  if (::bind(descriptor, reinterpret_cast<const sockaddr*>(&name), size) == 0) return descriptor;
  ::close(descriptor);
  return -1;
}

bool is_ours(std::uint32_t program_id) {
  bpf_prog_info info{};
  auto size = static_cast<std::uint32_t>(sizeof info);
  const int descriptor = bpf_prog_get_fd_by_id(program_id);
  const bool known = descriptor >= 0 && bpf_obj_get_info_by_fd(descriptor, &info, &size) == 0;
  if (descriptor >= 0) ::close(descriptor);
  return known && std::string_view(info.name) == "steer_udp";
}

Result<void> remove_leftover(const std::string& interface, unsigned index) {
  std::uint32_t attached = 0;
  if (bpf_xdp_query_id(static_cast<int>(index), 0, &attached) != 0 || attached == 0) return {};
  if (!is_ours(attached))
    return refuse(
        interface, ErrorCode::busy,
        "another program's XDP program is attached; if nobody needs it: ip link set dev " +
            interface + " xdp off");
  bpf_xdp_detach(static_cast<int>(index), 0, nullptr);
  return {};
}

}  // namespace

Result<XdpProgram> XdpProgram::make(const std::string& interface, std::uint16_t udp_port) {
  const unsigned index = ::if_nametoindex(interface.c_str());
  XdpProgram program;
  program.claim_ = claim_interface(index);
  if (program.claim_ < 0)
    return refuse(interface, ErrorCode::busy, "another usbgw process uses this interface");
  if (auto removed = remove_leftover(interface, index); !removed)
    return tl::unexpected(removed.error());
  program.object_ = ::memfd_create("usbgw-steer-udp", MFD_CLOEXEC);
  const auto object = object_for(udp_port);
  const auto size = static_cast<ssize_t>(object.size());
  if (program.object_ < 0 || ::write(program.object_, object.data(), object.size()) != size)
    return refuse(interface, ErrorCode::io, with_errno("keeping the XDP program", errno));
  return program;
}

XdpProgram::~XdpProgram() {
  for (const int descriptor : {object_, claim_})
    if (descriptor >= 0) ::close(descriptor);
}

XdpProgram::XdpProgram(XdpProgram&& other) noexcept
    : object_(std::exchange(other.object_, -1)), claim_(std::exchange(other.claim_, -1)) {}

std::string XdpProgram::path() const {
  return object_ < 0 ? "" : "/proc/self/fd/" + std::to_string(object_);
}

}  // namespace usbgw::dpdk
