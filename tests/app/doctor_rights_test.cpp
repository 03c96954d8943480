#include "app/doctor_rights.h"

#include <sys/stat.h>

#include "tests/app/scratch_folder.h"

namespace usbgw::app {
namespace {

constexpr uid_t kRoot = 0, kSomebody = 54321;

config::Document host(const std::string& user) {
  config::Document document;
  document.file = "studio.toml";
  document.node.is_host = true;
  document.dataplane.port.value = "af_packet:eth1";
  document.workers.realtime.value = 50;
  if (!user.empty()) document.node.user = {user, {"studio.toml", 3, "node.user"}};
  return document;
}

TEST(DoctorRights, RootThatStaysRoot_IsPoor) {
  const Finding finding = check_user(host({}), kRoot);
  EXPECT_EQ(finding.verdict, Verdict::poor);
  EXPECT_NE(finding.text.find("node.user is not set"), std::string::npos) << finding.text;
}

TEST(DoctorRights, UserToBecome_IsNamedWithWhatItKeeps) {
  const Finding finding = check_user(host("nobody"), kRoot);
  EXPECT_EQ(finding.verdict, Verdict::good);
  EXPECT_EQ(finding.text, "root starts it, then it is nobody with CAP_SYS_NICE");
  EXPECT_EQ(check_user(host("root"), kRoot).text, "runs as root, who starts it");
}

TEST(DoctorRights, UnknownUser_IsMissing) {
  const Finding finding = check_user(host("no-such-user"), kRoot);
  EXPECT_EQ(finding.verdict, Verdict::missing);
  EXPECT_EQ(finding.text.substr(0, 26), "studio.toml:3: node.user: ");
}

TEST(DoctorRights, SomebodyElse_IsToldThatRootStartsIt) {
  EXPECT_EQ(check_user(host({}), kSomebody).verdict, Verdict::poor);
  config::Document document = host({});
  document.node.is_host = false;
  document.dataplane.port.value = "ring";
  EXPECT_EQ(check_user(document, kSomebody).verdict, Verdict::good);
}

class DoctorNodes : public ScratchFolder {};

TEST_F(DoctorNodes, NodeThatTheUserMayNotOpen_IsMissing) {
  const std::string folder = "/sys/bus/usb/devices/1-1/";
  write(folder + "idVendor", "1209\n");
  write(folder + "idProduct", "a101\n");
  write(folder + "busnum", "1\n");
  write(folder + "devnum", "4\n");
  write("/dev/bus/usb/001/004", "");
  config::Document document = host("nobody");
  config::ExportEntry entry;
  entry.device.value = *config::parse_device("1209:a101");
  document.exports = {entry};
  const std::string node = root_ + "/dev/bus/usb/001/004";
  ::chmod(node.c_str(), 0600);
  auto findings = check_device_nodes(document, kRoot, root_);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].verdict, Verdict::missing);
  EXPECT_NE(findings[0].text.find("70-usbgw.rules"), std::string::npos) << findings[0].text;
  ::chmod(node.c_str(), 0666);
  findings = check_device_nodes(document, kRoot, root_);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].verdict, Verdict::good) << findings[0].text;
}

}  // namespace
}  // namespace usbgw::app
