// Each question asked of a made-up /sys.
#include "app/doctor_checks.h"

#include "tests/app/scratch_folder.h"

namespace usbgw::app {
namespace {

namespace fs = std::filesystem;

class Doctor : public ScratchFolder {
 protected:
  static config::DataplaneSection dataplane(const std::string& port, std::uint16_t mtu = 1500) {
    config::DataplaneSection section;
    section.port.value = port;
    section.mtu.value = mtu;
    return section;
  }
};

TEST_F(Doctor, VhciMissing_IsAFaultForAHostOnly) {
  EXPECT_EQ(check_vhci(root_, true).verdict, Verdict::missing);
  EXPECT_EQ(check_vhci(root_, false).verdict, Verdict::poor);
}

TEST_F(Doctor, VhciPorts_AreCountedOverAllControllersFiles) {
  const std::string folder = "/sys/devices/platform/vhci_hcd.0/";
  write(folder + "status",
        "hub port sta spd dev      sockfd local_busid\n"
        "hs  0000 004 000 00000000 000000 0-0\n"
        "hs  0001 006 003 00010002 000003 1-1\n"
        "ss  0008 004 000 00000000 000000 0-0\n");
  write(folder + "status.1",
        "hub port sta spd dev      sockfd local_busid\n"
        "hs  0016 004 000 00000000 000000 0-0\n");
  EXPECT_EQ(check_vhci(root_, true).verdict, Verdict::good);
  EXPECT_EQ(check_vhci(root_, true).text, "3 of 4 ports free; each attached device takes one");
}

TEST_F(Doctor, UsbfsMemory_IsPoorAtTheKernelsDefault) {
  const std::string path = "/sys/module/usbcore/parameters/usbfs_memory_mb";
  write(path, "16\n");
  EXPECT_EQ(check_usbfs_memory(root_).verdict, Verdict::poor);
  write(path, "256\n");
  EXPECT_EQ(check_usbfs_memory(root_).verdict, Verdict::good);
  write(path, "0\n");
  EXPECT_EQ(check_usbfs_memory(root_).text, "no limit");
}

TEST_F(Doctor, NoHugepages_IsAFaultWhenConfigured) {
  EXPECT_EQ(check_hugepages(root_, true).verdict, Verdict::missing);
  EXPECT_EQ(check_hugepages(root_, false).verdict, Verdict::good);
  write("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "64\n");
  EXPECT_EQ(check_hugepages(root_, true).verdict, Verdict::good);
}

TEST_F(Doctor, Interface_MustBeThereUpAndLargeEnough) {
  EXPECT_EQ(check_port(root_, dataplane("af_packet:eth1")).text,
            "no interface eth1; `ip link` lists what there is");
  write("/sys/class/net/eth1/mtu", "1500\n");
  write("/sys/class/net/eth1/operstate", "down\n");
  EXPECT_EQ(check_port(root_, dataplane("af_packet:eth1")).verdict, Verdict::missing);
  write("/sys/class/net/eth1/operstate", "up\n");
  EXPECT_EQ(check_port(root_, dataplane("af_packet:eth1")).verdict, Verdict::good);
  EXPECT_NE(check_port(root_, dataplane("af_packet:eth1", 9000)).text.find("ip link set eth1 mtu"),
            std::string::npos);
}

TEST_F(Doctor, PciDevice_MustBeBoundToVfio) {
  const std::string device = "/sys/bus/pci/devices/0000:03:00.0/";
  EXPECT_EQ(check_port(root_, dataplane("0000:03:00.0")).verdict, Verdict::missing);
  write(device + "vendor", "0x8086\n");
  fs::create_symlink("../../../bus/pci/drivers/e1000e", root_ + device + "driver");
  EXPECT_NE(check_port(root_, dataplane("0000:03:00.0")).text.find("bound to e1000e"),
            std::string::npos);
  fs::remove(root_ + device + "driver");
  fs::create_symlink("../../../bus/pci/drivers/vfio-pci", root_ + device + "driver");
  EXPECT_EQ(check_port(root_, dataplane("0000:03:00.0")).verdict, Verdict::good);
}

}  // namespace
}  // namespace usbgw::app
