#include "usbside/host/vhci_controller.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "usbside/host/vhci_root_hubs.h"
#include "usbside/host/vhci_status.h"
#include "usbside/host/vhci_stream_socket.h"

namespace usbgw::host {
namespace {

constexpr std::uint32_t kDeviceId = 1;  // any; vhci only repeats it in PDUs
constexpr std::size_t kMaxControllers = 128;

Result<std::string> read_text(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) return fail(ErrorCode::unavailable, path.string() + ": cannot be read");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

Result<int> open_for_writing(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (descriptor >= 0) return descriptor;
  const int error = errno;
  const bool no_right = error == EACCES || error == EPERM;
  return fail(ErrorCode::unavailable, with_errno(path.string(), error) +
                                          (no_right ? "; start as root, rights are dropped later"
                                                    : "; load the module: modprobe vhci-hcd"));
}

// sysfs takes one command a write, from offset 0; 0 or the error number.
int command(int descriptor, const std::string& text) {
  const ssize_t written = ::pwrite(descriptor, text.data(), text.size(), 0);
  return written < 0 ? errno : 0;
}

std::string name_of(VhciPort port) {
  return "vhci port " + std::to_string(port.value());
}

// `ports`: of one controller, in the order of its status file: each hub's from its first.
void mark_leaving(std::vector<VhciPortStatus>& ports, const VhciRootHubs& hubs) {
  std::array<std::size_t, 2> next{};
  for (auto& port : ports) {
    const std::size_t index = next.at(port.superspeed ? 1 : 0)++;
    if (port.state == VhciPortState::free && hubs.has_device(port.superspeed, index)) {
      port.state = VhciPortState::leaving;
    }
  }
}

}  // namespace

Result<std::unique_ptr<VhciController>> VhciController::open(std::filesystem::path folder) {
  std::error_code ignored;
  if (!std::filesystem::exists(folder / "status", ignored)) {
    return fail(ErrorCode::unavailable,
                "vhci_hcd is not loaded (no " + folder.string() + "); load it: modprobe vhci-hcd");
  }
  const auto attach_file = open_for_writing(folder / "attach");
  if (!attach_file) return tl::unexpected(attach_file.error());
  const auto detach_file = open_for_writing(folder / "detach");
  if (!detach_file) {
    ::close(*attach_file);
    return tl::unexpected(detach_file.error());
  }
  return std::unique_ptr<VhciController>(
      new VhciController(std::move(folder), *attach_file, *detach_file));
}

VhciController::~VhciController() {
  ::close(attach_);
  ::close(detach_);
}

Result<std::vector<VhciPortStatus>> VhciController::list() const {
  std::vector<VhciPortStatus> ports;
  for (std::size_t i = 0; i < kMaxControllers; ++i) {
    const auto name = i == 0 ? std::string("status") : "status." + std::to_string(i);
    const auto text = read_text(folder_ / name);
    if (!text && i > 0) break;
    if (!text) return tl::unexpected(text.error());
    auto more = parse_vhci_status(*text);
    mark_leaving(more, VhciRootHubs(controller(i)));
    ports.insert(ports.end(), more.begin(), more.end());
  }
  return ports;
}

// vhci_hcd.0 has the files for all; the others, beside it, have only their hubs.
std::filesystem::path VhciController::controller(std::size_t number) const {
  if (number == 0) return folder_;
  return folder_.parent_path() / (folder_.stem().string() + "." + std::to_string(number));
}

Result<VhciPortState> VhciController::state(VhciPort port) const {
  const auto ports = list();
  if (!ports) return tl::unexpected(ports.error());
  for (const auto& status : *ports) {
    if (status.port == port) return status.state;
  }
  return fail(ErrorCode::not_found,
              name_of(port) + ": there are only " + std::to_string(ports->size()) + " ports");
}

Result<void> VhciController::check(const VhciPortStatus& port, Speed speed) {
  if (!serves(port, speed)) {
    return fail(ErrorCode::invalid_argument, name_of(port.port) + " is on the " +
                                                 (port.superspeed ? "super" : "high") +
                                                 "-speed hub, which does not take a " +
                                                 std::string(to_string(speed)) + "-speed device");
  }
  if (port.state == VhciPortState::free) return {};
  if (port.state == VhciPortState::leaving) {
    return fail(ErrorCode::busy, name_of(port.port) +
                                     " still has its last device, which the kernel has not yet "
                                     "taken away; look at `dmesg`");
  }
  return fail(ErrorCode::busy, name_of(port.port) + " is in use");
}

Result<VhciPorts::Attached> VhciController::attach(Speed speed, std::optional<VhciPort> wanted) {
  const auto ports = list();
  if (!ports) return tl::unexpected(ports.error());
  if (wanted) {
    const auto found = std::find_if(ports->begin(), ports->end(),
                                    [&](const auto& port) { return port.port == *wanted; });
    if (found == ports->end()) {
      return fail(ErrorCode::not_found, name_of(*wanted) + ": there are only " +
                                            std::to_string(ports->size()) + " ports");
    }
    const auto checked = check(*found, speed);
    return checked ? attach_at(*wanted, speed) : tl::unexpected(checked.error());
  }
  for (const auto& port : *ports) {
    if (!check(port, speed)) continue;
    auto attached = attach_at(port.port, speed);
    // Somebody else took it since we looked: try the next one.
    if (attached || attached.error().code != ErrorCode::busy) return attached;
  }
  return fail(ErrorCode::exhausted,
              "no free vhci port for a " + std::string(to_string(speed)) +
                  "-speed device; detach something (usbgw status shows what is attached)");
}

Result<VhciPorts::Attached> VhciController::attach_at(VhciPort port, Speed speed) {
  auto pair = VhciStreamSocket::make_pair();
  if (!pair) return tl::unexpected(pair.error());
  std::ostringstream line;
  line << port.value() << ' ' << pair->theirs << ' ' << kDeviceId << ' '
       << static_cast<unsigned>(speed);
  const int error = command(attach_, line.str());
  ::close(pair->theirs);  // vhci holds its own reference now
  if (error == 0) return Attached{port, std::move(pair->ours)};
  const bool is_busy = error == EBUSY;
  return fail(
      is_busy ? ErrorCode::busy : ErrorCode::io,
      is_busy ? name_of(port) + " is in use" : with_errno("attach to " + name_of(port), error));
}

Result<void> VhciController::detach(VhciPort port) {
  const int error = command(detach_, std::to_string(port.value()));
  // Nothing is plugged in there: what was asked for is so.
  if (error == 0 || error == EINVAL) return {};
  return fail(ErrorCode::io, with_errno("detach of " + name_of(port), error));
}

}  // namespace usbgw::host
