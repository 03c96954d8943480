#include "dataplane/dpdk/preflight.h"

#include <linux/capability.h>
#include <linux/ethtool.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <fstream>
#include <initializer_list>

namespace usbgw::dpdk {
namespace {

namespace fs = std::filesystem;

// Drivers through which DPDK 22.11 reaches a NIC; mlx5's stays with the kernel.
constexpr std::array<std::string_view, 4> kUserspaceDrivers{"vfio-pci", "uio_pci_generic",
                                                            "igb_uio", "mlx5_core"};

std::string in_lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

tl::unexpected<Error> refuse(const PortConfig& config, ErrorCode code, const std::string& why) {
  return fail(code, "port " + config.spec.to_string() + ": " + why);
}

// The effective set (proc_pid_status(5)); all of them when the machine does not say.
std::uint64_t capabilities_of(const Machine& machine) {
  std::ifstream status(machine.proc / "self/status");
  for (std::string word; status >> word;) {
    std::uint64_t set = 0;
    if (word == "CapEff:" && status >> std::hex >> set) return set;
  }
  return ~std::uint64_t{0};
}

struct Capability {
  unsigned bit;
  std::string_view name;
};
constexpr Capability kNetAdmin{CAP_NET_ADMIN, "CAP_NET_ADMIN"};
constexpr Capability kNetRaw{CAP_NET_RAW, "CAP_NET_RAW"};
constexpr Capability kBpf{CAP_BPF, "CAP_BPF"};

// Names what is missing of `needed`, and all that a port of this type needs.
Result<void> check_rights(const PortConfig& config, const Machine& machine,
                          std::initializer_list<Capability> needed) {
  const std::uint64_t present = capabilities_of(machine);
  std::string missing, all;
  for (const auto& [bit, name] : needed) {
    all += (all.empty() ? "" : ",") + std::string(name);
    if ((present >> bit & 1) == 0) missing += (missing.empty() ? "" : " and ") + std::string(name);
  }
  if (missing.empty()) return {};
  return refuse(config, ErrorCode::unavailable,
                "no right to open it: " + missing + " is missing; run as root, or: setcap " +
                    in_lower_case(all) + "+ep /path/to/usbgw");
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

// The driver opens a tap with several queues (drivers/net/tap/rte_eth_tap.c: tun_alloc), so the
// kernel would give a second program a share of the first one's frames.
Result<void> check_tap_name(const PortConfig& config, const Machine& machine) {
  const fs::path interface = machine.sys / "class/net" / config.spec.name;
  std::error_code ignored;
  if (!fs::exists(interface, ignored)) return {};
  constexpr unsigned kUsable = IFF_TAP | IFF_MULTI_QUEUE;
  unsigned flags = 0;
  std::ifstream(interface / "tun_flags") >> std::hex >> flags;
  if ((flags & kUsable) != kUsable)
    return refuse(config, ErrorCode::busy,
                  "there is an interface of this name, which is no tap with several queues; choose "
                  "another name");
  if ((flags & IFF_PERSIST) == 0)
    return refuse(config, ErrorCode::busy,
                  "another program has this tap; stop it, or choose another name");
  return {};
}

Result<void> check_tap(const PortConfig& config, const Machine& machine) {
  const fs::path tun = machine.dev / "net/tun";
  if (::access(tun.c_str(), R_OK | W_OK) != 0)
    return refuse(config, ErrorCode::unavailable,
                  with_errno("cannot use " + tun.string(), errno) +
                      "; run: modprobe tun, and run as root or with CAP_NET_ADMIN");
  if (auto name = check_tap_name(config, machine); !name) return name;
  return check_rights(config, machine, {kNetAdmin});
}

// The driver wants to read the folder too (rte_eth_memif.c: memif_check_socket_filename).
Result<void> check_memif(const PortConfig& config) {
  const fs::path socket = fs::absolute(config.spec.name);
  const fs::path folder = socket.parent_path();
  if (::access(folder.c_str(), R_OK | W_OK | X_OK) != 0)
    return refuse(config, ErrorCode::unavailable,
                  with_errno("cannot make a socket in " + folder.string(), errno) +
                      "; make the folder, and let this user read and write it");
  std::error_code ignored;
  if (config.spec.memif_server && fs::exists(fs::symlink_status(socket, ignored)))
    return refuse(
        config, ErrorCode::busy,
        socket.string() + " is there already; stop the program that has it, or remove the file");
  if (!config.spec.memif_server && fs::exists(socket, ignored) &&
      ::access(socket.c_str(), W_OK) != 0)
    return refuse(
        config, ErrorCode::unavailable,
        with_errno("cannot connect to it", errno) + "; run as the same user as the memif server");
  return {};
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
      return config.spec.type == PortType::af_xdp
                 ? check_rights(config, machine, {kNetRaw, kNetAdmin, kBpf})
                 : check_rights(config, machine, {kNetRaw});
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
