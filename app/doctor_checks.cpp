#include "app/doctor_checks.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "app/sysfs.h"

namespace usbgw::app {
namespace {

namespace fs = std::filesystem;

struct Ports {
  int free = 0, all = 0;
};

// drivers/usb/usbip/vhci_sysfs.c: "hub port sta ..." lines under a heading; sta 004 is free.
Ports count_ports(const std::string& status) {
  Ports ports;
  std::ifstream file(status);
  std::string line;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string hub, port, state;
    if (!(words >> hub >> port >> state) || (hub != "hs" && hub != "ss")) continue;
    ++ports.all;
    ports.free += state == "004" ? 1 : 0;
  }
  return ports;
}

Finding check_interface(const std::string& root, const std::string& interface,
                        const config::DataplaneSection& dataplane) {
  const std::string folder = root + "/sys/class/net/" + interface;
  Finding finding{"port " + *dataplane.port, Verdict::missing, {}};
  if (!fs::exists(folder)) {
    finding.text = "no interface " + interface + "; `ip link` lists what there is";
    return finding;
  }
  const long mtu = read_number(folder + "/mtu").value_or(0);
  const std::string state = read_word(folder + "/operstate").value_or("unknown");
  if (mtu < *dataplane.mtu) {
    finding.text = "MTU " + std::to_string(mtu) + " is below dataplane.mtu " +
                   std::to_string(*dataplane.mtu) + ": larger datagrams are lost; ip link set " +
                   interface + " mtu " + std::to_string(*dataplane.mtu);
  } else if (state == "down") {
    finding.text = "is down: nothing passes; ip link set " + interface + " up";
  } else {
    finding.verdict = Verdict::good;
    finding.text = "interface is " + state + ", MTU " + std::to_string(mtu);
  }
  return finding;
}

Finding check_pci(const std::string& root, const std::string& address) {
  const std::string folder = root + "/sys/bus/pci/devices/" + address;
  Finding finding{"port " + address, Verdict::missing, {}};
  std::error_code error;
  if (!fs::exists(folder)) {
    finding.text = "no PCI device there; `lspci -D` lists what there is";
    return finding;
  }
  const std::string driver = fs::read_symlink(folder + "/driver", error).filename().string();
  if (driver == "vfio-pci") {
    finding.verdict = Verdict::good;
    finding.text = "bound to vfio-pci";
  } else {
    finding.text = "bound to " + (driver.empty() ? "no driver" : driver) +
                   ", so DPDK cannot drive it; dpdk-devbind.py --bind=vfio-pci " + address;
  }
  return finding;
}

}  // namespace

Finding check_vhci(const std::string& root, bool is_needed) {
  const std::string folder = root + "/sys/devices/platform/vhci_hcd.0";
  Finding finding{"vhci_hcd", Verdict::good, {}};
  if (!fs::exists(folder + "/status")) {
    finding.verdict = is_needed ? Verdict::missing : Verdict::poor;
    finding.text =
        "not loaded: this machine cannot use remote devices (an agent needs it not); "
        "modprobe vhci_hcd";
    return finding;
  }
  Ports ports;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (!entry.path().filename().string().starts_with("status")) continue;
    const Ports more = count_ports(entry.path().string());
    ports.free += more.free;
    ports.all += more.all;
  }
  if (ports.free == 0) finding.verdict = is_needed ? Verdict::missing : Verdict::poor;
  finding.text = std::to_string(ports.free) + " of " + std::to_string(ports.all) +
                 " ports free; each attached device takes one";
  return finding;
}

Finding check_usbfs_memory(const std::string& root) {
  // One 1 MiB URB each way on four devices and their isochronous rings fit in 64 MiB.
  constexpr long kComfortable = 64;
  const auto megabytes = read_number(root + "/sys/module/usbcore/parameters/usbfs_memory_mb");
  Finding finding{"usbfs_memory_mb", Verdict::good, {}};
  if (!megabytes) {
    finding.verdict = Verdict::poor;
    finding.text =
        "cannot be read: this kernel has no USB host support, so only software devices "
        "can be exported";
    return finding;
  }
  finding.text = std::to_string(*megabytes) + " MB for all devices together";
  if (*megabytes == 0) {
    finding.text = "no limit";
  } else if (*megabytes < kComfortable) {
    finding.verdict = Verdict::poor;
    finding.text +=
        ": enough for one or two; more fail with \"cannot allocate memory\"; echo 256 > "
        "/sys/module/usbcore/parameters/usbfs_memory_mb";
  }
  return finding;
}

Finding check_hugepages(const std::string& root, bool is_needed) {
  const std::string folder = root + "/sys/kernel/mm/hugepages/hugepages-2048kB";
  const long free = read_number(folder + "/free_hugepages").value_or(0);
  Finding finding{"hugepages", Verdict::good, std::to_string(free) + " of 2 MB free"};
  if (free == 0 && is_needed) {
    finding.verdict = Verdict::missing;
    finding.text +=
        ", and dataplane.hugepages = true: it will not start; echo 128 > "
        "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages";
  } else if (free == 0) {
    finding.text +=
        ", and none needed: without them, a port at many 100,000 packets a second "
        "costs more CPU";
  }
  return finding;
}

std::optional<Finding> check_nic(const std::string& root,
                                 const config::DataplaneSection& dataplane) {
  const std::string& port = *dataplane.port;
  if (!port.starts_with("af_packet:") && !port.starts_with("af_xdp:")) return std::nullopt;
  const std::string interface = port.substr(port.find(':') + 1);
  const std::string folder = root + "/sys/class/net/" + interface;
  if (!fs::exists(folder)) return std::nullopt;  // check_port says so
  std::error_code error;
  const auto driver = fs::read_symlink(folder + "/device/driver", error).filename().string();
  Finding finding{"NIC " + interface, Verdict::good, driver.empty() ? "no hardware" : driver};
  const long speed = read_number(folder + "/speed").value_or(-1);
  if (speed <= 0) {
    finding.text += ", speed unknown";
    return finding;
  }
  // Bits by megabits a second are microseconds; preamble, Ethernet header, FCS and gap are 38.
  const long bits = (*dataplane.mtu + 38L) * 8;
  finding.cost = Duration{bits * 1000 / speed};
  finding.text += ", " + std::to_string(speed) + " Mbit/s: what is behind a datagram of " +
                  std::to_string(*dataplane.mtu) + " bytes waits that long";
  if (speed < 1000) {
    finding.verdict = Verdict::poor;
    finding.text += "; a gigabit link waits a tenth of it";
  }
  return finding;
}

Finding check_port(const std::string& root, const config::DataplaneSection& dataplane) {
  const std::string& port = *dataplane.port;
  const std::size_t colon = port.find(':');
  const std::string kind = port.substr(0, colon);
  if (kind == "af_packet" || kind == "af_xdp") {
    return check_interface(root, port.substr(colon + 1), dataplane);
  }
  if (kind == "tap") {
    const bool present = fs::exists(root + "/dev/net/tun");
    return {"port " + port, present ? Verdict::good : Verdict::missing,
            present ? "will be made" : "no /dev/net/tun; modprobe tun"};
  }
  if (kind == "memif") {
    const fs::path socket = port.substr(colon + 1, port.rfind(',') - colon - 1);
    const bool present = fs::exists(root + socket.parent_path().string());
    return {"port " + port, present ? Verdict::good : Verdict::missing,
            present ? "its folder is there" : "no folder " + socket.parent_path().string()};
  }
  if (port == "ring") return {"port ring", Verdict::good, "inside this process: needs nothing"};
  return check_pci(root, port);
}

}  // namespace usbgw::app
