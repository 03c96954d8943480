// What a missing device, driver, right or interface says, on a made-up machine; nothing starts
// DPDK.
#include "dataplane/dpdk/preflight.h"

#include <gtest/gtest.h>

#include <fstream>

#include "dataplane/dpdk/eal.h"

namespace usbgw::dpdk {
namespace {

namespace fs = std::filesystem;

PortConfig config(std::string_view spec) {
  PortConfig config;
  config.spec = PortSpec::parse(spec).value();
  config.networks = {IpNetwork::parse("10.0.0.2/24").value()};
  config.udp_port = 4791;
  return config;
}

class PreflightTest : public ::testing::Test {
 protected:
  PreflightTest() {
    std::string name = (fs::temp_directory_path() / "usbgw-machine-XXXXXX").string();
    root = ::mkdtemp(name.data());
    machine = {.sys = root / "sys", .dev = root / "dev", .proc = root / "proc"};
  }
  ~PreflightTest() override { fs::remove_all(root); }

  void device(const std::string& driver) {
    const auto folder = machine.sys / "bus/pci/devices/0000:03:00.0";
    fs::create_directories(folder);
    if (!driver.empty()) fs::create_directory_symlink("../../drivers/" + driver, folder / "driver");
  }
  void file(const fs::path& path, std::string_view text) {
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  void capabilities(std::string_view effective) {
    file(machine.proc / "self/status",
         "Name:\tusbgw\nCapPrm:\t0000000000000000\nCapEff:\t" + std::string(effective) + "\n");
  }
  // One line that begins with the port.
  std::string refusal(std::string_view spec) {
    const auto ready = preflight(config(spec), machine);
    if (ready) return "";
    EXPECT_EQ(ready.error().context.rfind("port " + std::string(spec) + ": ", 0), 0u);
    EXPECT_EQ(ready.error().context.find('\n'), std::string::npos);
    return ready.error().context;
  }

  fs::path root;
  Machine machine;
};

TEST_F(PreflightTest, NoSuchPciDevice) {
  EXPECT_NE(refusal("0000:03:00.0").find("no such PCI device"), std::string::npos);
}

TEST_F(PreflightTest, KernelDriver_NamesItAndTheCommand) {
  device("e1000e");
  const auto text = refusal("0000:03:00.0");
  EXPECT_NE(text.find("e1000e"), std::string::npos);
  EXPECT_NE(text.find("dpdk-devbind.py --bind=vfio-pci 0000:03:00.0"), std::string::npos);
}

TEST_F(PreflightTest, NoDriver_SaysSo) {
  device("");
  EXPECT_NE(refusal("0000:03:00.0").find("bound to no driver"), std::string::npos);
}

TEST_F(PreflightTest, NoVfio_NamesTheFile) {
  device("vfio-pci");
  EXPECT_NE(refusal("0000:03:00.0").find("vfio/vfio"), std::string::npos);
}

TEST_F(PreflightTest, NoHugepages_SaysHowToReserveSome) {
  device("vfio-pci");
  file(machine.dev / "vfio/vfio", "");
  file(machine.sys / "kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "0\n");
  EXPECT_NE(refusal("0000:03:00.0").find("nr_hugepages"), std::string::npos);
}

TEST_F(PreflightTest, EverythingThere_IsReady) {
  device("vfio-pci");
  file(machine.dev / "vfio/vfio", "");
  file(machine.sys / "kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "64\n");
  EXPECT_EQ(refusal("0000:03:00.0"), "");
}

TEST_F(PreflightTest, MissingInterface) {
  EXPECT_NE(refusal("af_packet:usbgw-none").find("no such interface"), std::string::npos);
  EXPECT_NE(refusal("af_xdp:usbgw-none").find("no such interface"), std::string::npos);
}

TEST_F(PreflightTest, NoTunDevice) {
  EXPECT_NE(refusal("tap:t0").find("net/tun"), std::string::npos);
}

TEST_F(PreflightTest, TapWithoutItsRight_NamesItAndWhatToDo) {
  file(machine.dev / "net/tun", "");
  capabilities("0000000000002000");  // CAP_NET_RAW
  EXPECT_EQ(refusal("tap:t0"),
            "port tap:t0: no right to open it: CAP_NET_ADMIN is missing; run as root, or: setcap "
            "cap_net_admin+ep /path/to/usbgw");
  capabilities("0000000000001000");
  EXPECT_EQ(refusal("tap:t0"), "");
}

TEST_F(PreflightTest, InterfaceOfTheTapsName_MustBeOneThatNobodyHas) {
  file(machine.dev / "net/tun", "");
  file(machine.sys / "class/net/t0/mtu", "1500\n");
  EXPECT_NE(refusal("tap:t0").find("which is no tap with several queues"), std::string::npos);
  const auto flags = machine.sys / "class/net/t0/tun_flags";
  file(flags, "0x1802\n");  // as of `ip tuntap add dev t0 mode tap`
  EXPECT_NE(refusal("tap:t0").find("which is no tap with several queues"), std::string::npos);
  file(flags, "0x1102\n");
  EXPECT_NE(refusal("tap:t0").find("another program has this tap"), std::string::npos);
  file(flags, "0x1902\n");  // multi_queue
  EXPECT_EQ(refusal("tap:t0"), "");
}

TEST_F(PreflightTest, PacketPortsWithoutTheirRights_NameThem) {
  capabilities("0000000000000000");
  auto packet = config("af_packet:lo");
  const auto refused = preflight(packet, machine);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().context.find("CAP_NET_RAW is missing"), std::string::npos);
  EXPECT_NE(refused.error().context.find("setcap cap_net_raw+ep"), std::string::npos);
}

TEST_F(PreflightTest, MemifSocketThatIsThereAlready) {
  const auto path = (root / "m.sock").string();
  EXPECT_EQ(refusal("memif:" + path + ",server"), "");
  file(path, "");
  EXPECT_NE(refusal("memif:" + path + ",server").find(path + " is there already"),
            std::string::npos);
  EXPECT_EQ(refusal("memif:" + path + ",client"), "");
}

TEST_F(PreflightTest, MemifFolderThatIsNotThere) {
  EXPECT_NE(refusal("memif:/no/such/folder/s,server").find("/no/such/folder"), std::string::npos);
}

// The same lines come from the start of the EAL, which then has not touched DPDK.
TEST_F(PreflightTest, EalStart_GivesTheSameLines) {
  for (const auto* spec : {"ffff:1f:1f.7", "af_packet:usbgw-none"}) {
    EalConfig eal;
    eal.ports = {config(spec)};
    const auto started = Eal::start(eal);
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().context.rfind("port " + std::string(spec) + ": no such", 0), 0u)
        << started.error().context;
  }
}

}  // namespace
}  // namespace usbgw::dpdk
