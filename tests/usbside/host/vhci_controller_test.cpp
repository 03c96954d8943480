#include "usbside/host/vhci_controller.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "usbside/host/vhci_status.h"

namespace usbgw::host {
namespace {

// As a 6.1 kernel shows it, with two ports a hub.
constexpr std::string_view kStatus =
    "hub port sta spd dev      sockfd local_busid\n"
    "hs  0000 006 003 00000001 000003 3-1\n"
    "hs  0001 004 000 00000000 000000 0-0\n"
    "ss  0002 005 000 00000000 000000 0-0\n"
    "ss  0003 007 000 00000000 000000 0-0\n";

TEST(VhciStatus, FromCapture) {
  const auto ports = parse_vhci_status(kStatus);
  ASSERT_EQ(ports.size(), 4u);
  EXPECT_EQ(ports[0].state, VhciPortState::used);
  EXPECT_EQ(ports[1].state, VhciPortState::free);
  EXPECT_EQ(ports[1].port, VhciPort{1});
  EXPECT_FALSE(ports[1].superspeed);
  EXPECT_EQ(ports[2].state, VhciPortState::attached);
  EXPECT_TRUE(ports[2].superspeed);
  EXPECT_EQ(ports[3].state, VhciPortState::error);
}

TEST(VhciStatus, TruncatedAtEveryLength_GivesOnlyWholePorts) {
  for (std::size_t length = 0; length <= kStatus.size(); ++length) {
    EXPECT_LE(parse_vhci_status(kStatus.substr(0, length)).size(), 4u);
  }
}

TEST(VhciStatus, LinesThatAreNoPorts_ArePassedOver) {
  EXPECT_TRUE(parse_vhci_status("xx 0000 004\nhs abc 004\nhs 0001\n\n\n").empty());
}

class VhciController : public ::testing::Test {
 protected:
  VhciController() {
    std::string pattern = (std::filesystem::temp_directory_path() / "vhciXXXXXX").string();
    folder = ::mkdtemp(pattern.data());
  }
  ~VhciController() override { std::filesystem::remove_all(folder); }
  void write(const std::string& name, std::string_view text) const {
    std::ofstream(folder / name) << text;
  }
  [[nodiscard]] std::string read(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(folder / name).rdbuf();
    return text.str();
  }
  void load(std::string_view status) const {
    write("status", status);
    write("attach", "");
    write("detach", "");
  }
  // A device on a root hub of the controller, as in usb3/3-1.
  static void plug(const std::filesystem::path& controller, const std::string& bus,
                   std::string_view hub_speed, const std::string& port) {
    std::filesystem::create_directories(controller / ("usb" + bus) / (bus + "-" + port));
    std::ofstream(controller / ("usb" + bus) / "speed") << hub_speed << "\n";
  }
  std::filesystem::path folder;
};

TEST_F(VhciController, ModuleMissing_SaysModprobe) {
  const auto opened = host::VhciController::open(folder);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::unavailable);
  EXPECT_NE(opened.error().context.find("modprobe vhci-hcd"), std::string::npos);
}

TEST_F(VhciController, Attach_TakesAFreePortOfTheHubForTheSpeed) {
  load(kStatus);
  auto ports = host::VhciController::open(folder);
  ASSERT_TRUE(ports);
  const auto attached = (*ports)->attach(Speed::full, std::nullopt);
  ASSERT_TRUE(attached) << attached.error().context;
  EXPECT_EQ(attached->port, VhciPort{1});
  EXPECT_FALSE(attached->socket->is_closed());
  std::istringstream line(read("attach"));
  unsigned port = 0, descriptor = 0, device = 0, speed = 0;
  ASSERT_TRUE(line >> port >> descriptor >> device >> speed);
  EXPECT_EQ(port, 1u);
  EXPECT_EQ(speed, 2u);
}

// What a process can still do that was root when it opened them.
TEST_F(VhciController, FilesThatCanNoLongerBeOpened_StillAttachAndDetach) {
  load(kStatus);
  auto ports = host::VhciController::open(folder);
  ASSERT_TRUE(ports);
  for (const char* name : {"attach", "detach"}) {
    std::filesystem::rename(folder / name, folder / (std::string(name) + ".closed"));
  }
  const auto attached = (*ports)->attach(Speed::full, VhciPort{1});
  ASSERT_TRUE(attached) << attached.error().context;
  EXPECT_EQ(read("attach.closed").substr(0, 2), "1 ");
  EXPECT_TRUE((*ports)->detach(VhciPort{1}));
  EXPECT_EQ(read("detach.closed"), "1");
}

// What the kernel does between "004" and the end of the old device: port 1 (the hub's second) is
// still 3-2 in sysfs.
TEST_F(VhciController, FreePortWithItsLastDevice_IsNotTaken) {
  load(kStatus);
  plug(folder, "3", "480", "2");
  auto ports = host::VhciController::open(folder);
  EXPECT_EQ((*ports)->state(VhciPort{1}).value(), VhciPortState::leaving);
  EXPECT_EQ((*ports)->attach(Speed::full, std::nullopt).error().code, ErrorCode::exhausted);
  const auto wanted = (*ports)->attach(Speed::full, VhciPort{1});
  ASSERT_FALSE(wanted);
  EXPECT_EQ(wanted.error().code, ErrorCode::busy);
  EXPECT_NE(wanted.error().context.find("still has its last device"), std::string::npos);
  EXPECT_EQ(read("attach"), "");
  std::filesystem::remove_all(folder / "usb3" / "3-2");
  EXPECT_EQ((*ports)->state(VhciPort{1}).value(), VhciPortState::free);
  EXPECT_TRUE((*ports)->attach(Speed::full, std::nullopt));
}

TEST_F(VhciController, DeviceOfTheOtherHubOrPort_DoesNotHoldAPort) {
  load(kStatus);
  plug(folder, "3", "480", "1");
  plug(folder, "4", "5000", "2");
  auto ports = host::VhciController::open(folder);
  EXPECT_EQ((*ports)->state(VhciPort{1}).value(), VhciPortState::free);
}

TEST_F(VhciController, SuperspeedPortOfTheSecondController_IsLookedForThere) {
  load(kStatus);
  write("status.1",
        "hub port sta spd dev      sockfd local_busid\n"
        "hs  0004 004 000 00000000 000000 0-0\n"
        "ss  0005 004 000 00000000 000000 0-0\n");
  const auto second = folder.parent_path() / (folder.stem().string() + ".1");
  plug(second, "6", "5000", "1");
  auto ports = host::VhciController::open(folder);
  EXPECT_EQ((*ports)->state(VhciPort{4}).value(), VhciPortState::free);
  EXPECT_EQ((*ports)->state(VhciPort{5}).value(), VhciPortState::leaving);
  std::filesystem::remove_all(second);
}

TEST_F(VhciController, NoPortFree_SaysSo) {
  load(kStatus);
  auto ports = host::VhciController::open(folder);
  const auto attached = (*ports)->attach(Speed::super, std::nullopt);
  ASSERT_FALSE(attached);
  EXPECT_EQ(attached.error().code, ErrorCode::exhausted);
  EXPECT_EQ(read("attach"), "");
}

TEST_F(VhciController, WantedPort_MustBeFreeAndOfTheRightHub) {
  load(kStatus);
  auto ports = host::VhciController::open(folder);
  EXPECT_EQ((*ports)->attach(Speed::high, VhciPort{0}).error().code, ErrorCode::busy);
  EXPECT_EQ((*ports)->attach(Speed::high, VhciPort{2}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ((*ports)->attach(Speed::high, VhciPort{9}).error().code, ErrorCode::not_found);
  EXPECT_TRUE((*ports)->attach(Speed::high, VhciPort{1}));
}

TEST_F(VhciController, StateAndDetach) {
  load(kStatus);
  auto ports = host::VhciController::open(folder);
  EXPECT_EQ((*ports)->state(VhciPort{2}).value(), VhciPortState::attached);
  EXPECT_FALSE((*ports)->state(VhciPort{4}));
  EXPECT_TRUE((*ports)->detach(VhciPort{0}));
  EXPECT_EQ(read("detach"), "0");
}

TEST_F(VhciController, SeveralControllers_AreListedTogether) {
  load(kStatus);
  write("status.1",
        "hub port sta spd dev      sockfd local_busid\n"
        "hs  0004 004 000 00000000 000000 0-0\n");
  auto ports = host::VhciController::open(folder);
  EXPECT_EQ((*ports)->list()->size(), 5u);
}

}  // namespace
}  // namespace usbgw::host
