#include "dataplane/dpdk/preflight.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>

namespace usbgw::dpdk {
namespace {

namespace fs = std::filesystem;

// Drivers through which DPDK 22.11 reaches a NIC; mlx5's stays with the kernel.
constexpr std::array<std::string_view, 4> kUserspaceDrivers{"vfio-pci", "uio_pci_generic",
                                                            "igb_uio", "mlx5_core"};

tl::unexpected<Error> refuse(const PortConfig& config, ErrorCode code, const std::string& why) {
  return fail(code, "port " + config.spec.to_string() + ": " + why);
}

Result<void> check_pci(const PortConfig& config, const Machine& machine) {
  const auto& address = config.spec.name;
  const fs::path device = machine.sys / "bus/pci/devices" / address;
  std::error_code error;
  if (!fs::exists(device, error))
    return refuse(config, ErrorCode::not_found, "no such PCI device; lspci -D lists them");
  const auto driver = fs::read_symlink(device / "driver", error).filename().string();
  if (std::find(kUserspaceDrivers.begin(), kUserspaceDrivers.end(), driver) ==
      kUserspaceDrivers.end())
    return refuse(config, ErrorCode::unavailable,
                  (driver.empty() ? std::string("bound to no driver")
                                  : "bound to the kernel's driver " + driver) +
                      "; give it to vfio-pci: modprobe vfio-pci && dpdk-devbind.py "
                      "--bind=vfio-pci " +
                      address);
  if (driver == "vfio-pci" && ::access((machine.dev / "vfio/vfio").c_str(), R_OK | W_OK) != 0)
    return refuse(config, ErrorCode::unavailable,
                  with_errno("cannot use " + (machine.dev / "vfio/vfio").string(), errno) +
                      "; run as root or allow this user on /dev/vfio");
  if (free_hugepages(machine) == 0)
    return refuse(config, ErrorCode::unavailable,
                  "no free hugepages, which a PCI port needs; reserve some: echo 128 > "
                  "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages");
  return {};
}

class ControlSocket {
 public:
  ControlSocket() : descriptor_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {}
  ~ControlSocket() { ::close(descriptor_); }
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;
  [[nodiscard]] bool ask(unsigned long request, ifreq& about) const {
    return ::ioctl(descriptor_, request, &about) == 0;
  }

 private:
  int descriptor_;
};

Result<void> check_interface(const PortConfig& config) {
  const auto& name = config.spec.name;
  const ControlSocket socket;
  ifreq about{};
  name.copy(about.ifr_name, IFNAMSIZ - 1);
  if (!socket.ask(SIOCGIFFLAGS, about))
    return refuse(config, ErrorCode::not_found, "no such interface; ip link lists them");
  if ((about.ifr_flags & IFF_UP) == 0)
    return refuse(config, ErrorCode::unavailable,
                  "the interface is down; run: ip link set " + name + " up");
  if (!socket.ask(SIOCGIFMTU, about))
    return refuse(config, ErrorCode::io, with_errno("reading its MTU", errno));
  const auto interface_mtu = static_cast<std::size_t>(about.ifr_mtu);
  if (interface_mtu < config.mtu)
    return refuse(config, ErrorCode::invalid_argument,
                  "mtu = " + std::to_string(config.mtu) + " is above the interface's " +
                      std::to_string(interface_mtu) + "; lower it or run: ip link set " + name +
                      " mtu " + std::to_string(config.mtu));
  const auto largest = largest_mtu(config.spec.type);
  if (config.spec.type == PortType::af_xdp && interface_mtu > largest.bytes)
    return refuse(config, ErrorCode::invalid_argument,
                  "the interface's MTU " + std::to_string(interface_mtu) + " is above " +
                      std::to_string(largest.bytes) + ": " + std::string(largest.reason) +
                      "; run: ip link set " + name + " mtu " + std::to_string(largest.bytes));
  return {};
}

// Our program redirects to the socket of queue 0 alone; what the NIC steers elsewhere would be
// lost.
Result<void> check_queues(const PortConfig& config) {
  const ControlSocket socket;
  ethtool_channels channels{};
  channels.cmd = ETHTOOL_GCHANNELS;
  ifreq about{};
  config.spec.name.copy(about.ifr_name, IFNAMSIZ - 1);
  about.ifr_data = reinterpret_cast<char*>(&channels);
  if (!socket.ask(SIOCETHTOOL, about)) return {};  // no channels to speak of: one queue
  const auto queues = channels.combined_count + channels.rx_count;
  if (queues <= 1) return {};
  return refuse(config, ErrorCode::unavailable,
                "the interface spreads over " + std::to_string(queues) +
                    " receive queues and the port has one; run: ethtool -L " + config.spec.name +
                    (channels.combined_count > 0 ? " combined 1" : " rx 1"));
}

Result<void> check_packet_right(const PortConfig& config) {
  const int descriptor = ::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  if (descriptor < 0)
    return refuse(config, ErrorCode::unavailable,
                  with_errno("cannot open a packet socket", errno) +
                      "; run as root or give the program CAP_NET_RAW and CAP_NET_ADMIN");
  ::close(descriptor);
  return {};
}

Result<void> check_tap(const PortConfig& config, const Machine& machine) {
  const fs::path tun = machine.dev / "net/tun";
  if (::access(tun.c_str(), R_OK | W_OK) == 0) return {};
  return refuse(config, ErrorCode::unavailable,
                with_errno("cannot use " + tun.string(), errno) +
                    "; run: modprobe tun, and run as root or with CAP_NET_ADMIN");
}

Result<void> check_memif(const PortConfig& config) {
  const fs::path folder = fs::absolute(config.spec.name).parent_path();
  if (::access(folder.c_str(), W_OK | X_OK) == 0) return {};
  return refuse(config, ErrorCode::unavailable,
                with_errno("cannot make a socket in " + folder.string(), errno));
}

}  // namespace

std::uint64_t free_hugepages(const Machine& machine) {
  std::uint64_t pages = 0;
  std::error_code ignored;
  for (const auto& size : fs::directory_iterator(machine.sys / "kernel/mm/hugepages", ignored)) {
    std::uint64_t free = 0;
    std::ifstream(size.path() / "free_hugepages") >> free;
    pages += free;
  }
  return pages;
}

Result<void> preflight(const PortConfig& config, const Machine& machine) {
  switch (config.spec.type) {
    case PortType::pci:
      return check_pci(config, machine);
    case PortType::af_packet:
    case PortType::af_xdp:
      if (auto interface = check_interface(config); !interface) return interface;
      if (config.spec.type == PortType::af_xdp)
        if (auto queues = check_queues(config); !queues) return queues;
      return check_packet_right(config);
    case PortType::tap:
      return check_tap(config, machine);
    case PortType::memif:
      return check_memif(config);
    case PortType::ring:
      return {};
  }
  return {};
}

}  // namespace usbgw::dpdk
