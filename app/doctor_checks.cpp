#include "app/doctor_checks.h"

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

namespace usbgw::app {
namespace {

namespace fs = std::filesystem;

std::optional<std::string> read_word(const std::string& path) {
  std::ifstream file(path);
  std::string word;
  if (file >> word) return word;
  return std::nullopt;
}

std::optional<long> read_number(const std::string& path) {
  std::ifstream file(path);
  long number = 0;
  if (file >> number) return number;
  return std::nullopt;
}

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

const char* to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::good:
      return "ok";
    case Verdict::poor:
      return "poor";
    case Verdict::missing:
      return "missing";
  }
  return "unknown";
}

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

Finding check_cpus(const std::string& root, unsigned cpus) {
  const auto governor = read_word(root + "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
  Finding finding{"CPUs", Verdict::good, std::to_string(cpus)};
  if (cpus < 4) finding.text += ", so packet and USB worker share one thread unless told otherwise";
  if (governor && *governor != "performance") {
    finding.verdict = Verdict::poor;
    finding.text += "; governor " + *governor +
                    ": waking up from low clocks adds up to a few 100 us; cpupower frequency-set "
                    "-g performance";
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

Finding judge_lateness(const Histogram& lateness, bool is_realtime) {
  const auto microseconds = [](std::int64_t ns) { return std::to_string(ns / 1000) + " us"; };
  const std::int64_t p99 = lateness.quantile(0.99);
  Finding finding{is_realtime ? "wake-ups, SCHED_FIFO" : "wake-ups, ordinary", Verdict::good, {}};
  finding.text = "late by " + microseconds(lateness.quantile(0.5)) + " (p50), " +
                 microseconds(p99) + " (p99), " + microseconds(lateness.max()) + " (max) in " +
                 std::to_string(lateness.count()) + ": the p99 is part of every playout margin";
  // A quarter of the default margin of 2 ms.
  if (p99 > 500'000) {
    finding.verdict = Verdict::poor;
    finding.text += is_realtime ? "; raise playout, or give usbgw a core of its own"
                                : "; set workers.realtime, or workers.idle = \"busy\" on a core of "
                                  "its own";
  }
  return finding;
}

}  // namespace usbgw::app
