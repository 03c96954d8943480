#include "app/rights.h"

#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "app/device_nodes.h"
#include "control/unix_socket.h"
#include "tests/app/scratch_folder.h"

namespace usbgw::app {
namespace {

constexpr uid_t kSomebody = 54321;
constexpr gid_t kTheirGroup = 54322, kOtherGroup = 54323;

config::Value<std::string> user(const std::string& name) {
  return {name, {"studio.toml", 3, "node.user"}};
}

TEST(Account, UnknownUser_NamesTheKeyAndHowToMakeOne) {
  const auto account = find_account(user("no-such-user"));
  ASSERT_FALSE(account);
  EXPECT_EQ(account.error().context,
            "studio.toml:3: node.user: this machine has no user \"no-such-user\"; make it: useradd "
            "--system --user-group no-such-user, or name another user");
}

TEST(Account, Root_IsFound) {
  const auto account = find_account(user("root"));
  ASSERT_TRUE(account) << account.error().context;
  EXPECT_EQ(account->id, 0u);
  EXPECT_EQ(account->groups.front(), 0u);
}

class Nodes : public ScratchFolder {};

TEST_F(Nodes, Mode_DecidesByOwnerThenGroupThenOthers) {
  const Account somebody{"somebody", kSomebody, kTheirGroup, {kTheirGroup, kOtherGroup}};
  write("/node", "");
  const std::string node = root_ + "/node";
  ::chmod(node.c_str(), 0660);
  EXPECT_FALSE(may_read_and_write(node, somebody));
  ::chmod(node.c_str(), 0664);
  EXPECT_FALSE(may_read_and_write(node, somebody));
  ::chmod(node.c_str(), 0666);
  EXPECT_TRUE(may_read_and_write(node, somebody));
  const Account group_member{"somebody", kSomebody, kTheirGroup, {kTheirGroup, ::getegid()}};
  ::chmod(node.c_str(), 0660);
  EXPECT_TRUE(may_read_and_write(node, group_member));
  ::chmod(node.c_str(), 0606);
  EXPECT_FALSE(may_read_and_write(node, group_member));
  EXPECT_FALSE(may_read_and_write(root_ + "/none", somebody));
}

TEST_F(Nodes, ExportedDevices_AreFoundBySysfs) {
  const auto plug = [this](const std::string& name, const std::string& device) {
    const std::string folder = "/sys/bus/usb/devices/" + name + "/";
    write(folder + "idVendor", "1209\n");
    write(folder + "idProduct", "a101\n");
    write(folder + "serial", "s" + device + "\n");
    write(folder + "busnum", "2\n");
    write(folder + "devnum", device + "\n");
  };
  plug("2-1", "7");
  plug("2-2", "8");
  write("/sys/bus/usb/devices/2-1:1.0/bInterfaceNumber", "00\n");
  config::Document document;
  const auto export_of = [](const char* text) {
    config::ExportEntry entry;
    entry.device.value = *config::parse_device(text);
    return entry;
  };
  document.exports = {export_of("1209:a101:s8"), export_of("1209:a102"),
                      export_of("software:uac2")};
  const auto nodes = exported_nodes(document, root_);
  ASSERT_EQ(nodes.size(), 1u);
  EXPECT_EQ(nodes[0].device, "1209:a101:s8");
  EXPECT_EQ(nodes[0].path, root_ + "/dev/bus/usb/002/008");
}

config::Document node(const std::string& port, std::uint8_t realtime) {
  config::Document document;
  document.file = "studio.toml";
  document.dataplane.port.value = port;
  document.workers.realtime.value = realtime;
  return document;
}

TEST(Rights, OnlyCapabilitiesInUse_AreKept) {
  EXPECT_EQ(capabilities_in_use(node("af_packet:eth1", 0)), std::vector<unsigned>{});
  EXPECT_EQ(capabilities_in_use(node("af_packet:eth1", 50)), std::vector<unsigned>{CAP_SYS_NICE});
  EXPECT_EQ(capabilities_in_use(node("af_xdp:eth1", 50)),
            (std::vector<unsigned>{CAP_NET_ADMIN, CAP_SYS_NICE}));
}

TEST(Rights, CapabilitiesAsText) {
  EXPECT_EQ(capability_text({}), "no capability");
  EXPECT_EQ(capability_text({CAP_SYS_NICE}), "CAP_SYS_NICE");
  EXPECT_EQ(capability_text({CAP_NET_ADMIN, CAP_SYS_NICE}), "CAP_NET_ADMIN and CAP_SYS_NICE");
}

TEST(Rights, UnknownUser_StopsTheStart) {
  config::Document document = node("ring", 0);
  document.node.user = user("no-such-user");
  const auto rights = Rights::plan(document);
  ASSERT_FALSE(rights);
  EXPECT_EQ(rights.error().code, ErrorCode::invalid_argument);
}

// "CapEff:\t0000000000800000" of a thread, as a number; Uid as the kernel prints it.
std::string status_line(const std::string& thread, const std::string& key) {
  std::ifstream status("/proc/self/task/" + thread + "/status");
  std::string line;
  while (std::getline(status, line)) {
    if (line.starts_with(key + ":\t")) return line.substr(key.size() + 2);
  }
  return {};
}

// In a process of its own, because there is no way back. 0: everything is as it should be.
int become_and_look() {
  std::atomic<bool> over{false};
  std::atomic<pid_t> other_id{0};
  std::thread other([&] {
    other_id = ::gettid();
    while (!over) std::this_thread::yield();
  });
  while (other_id == 0) std::this_thread::yield();
  const Account account{"nobody", 65534, 65534, {65534}};
  const bool has_nice =
      (std::stoull(status_line(std::to_string(::getpid()), "CapPrm"), nullptr, 16) >> CAP_SYS_NICE &
       1) != 0;
  const auto kept = become(account, {CAP_SYS_NICE});
  int failed = kept ? 0 : 1;
  const auto expected = has_nice ? std::vector<unsigned>{CAP_SYS_NICE} : std::vector<unsigned>{};
  if (kept && *kept != expected) failed |= 16;
  const std::string user_ids = "65534\t65534\t65534\t65534";
  const std::uint64_t wanted = has_nice ? std::uint64_t{1} << CAP_SYS_NICE : 0;
  const auto look = [&](pid_t thread, std::uint64_t capabilities) {
    const std::string id = std::to_string(thread);
    if (status_line(id, "Uid") != user_ids || status_line(id, "Gid") != user_ids) failed |= 2;
    for (const char* set : {"CapEff", "CapPrm"}) {
      if (std::stoull(status_line(id, set), nullptr, 16) != capabilities) failed |= 4;
    }
  };
  look(::getpid(), wanted);
  look(other_id, 0);
  pid_t later_id = 0;
  std::thread([&] { later_id = ::gettid(), look(later_id, wanted); }).join();
  if (::setuid(0) == 0) failed |= 8;
  over = true;
  other.join();
  return failed;
}

TEST(Rights, Become_HoldsForAllThreadsAndHasNoWayBack) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const pid_t child = ::fork();
  if (child == 0) ::_exit(become_and_look());
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0)
      << "1: refused, 2: ids, 4: capabilities, 8: came back, 16: named others";
}

// A right that this process does not have cannot be kept, whatever the node wants.
int become_without(unsigned missing) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2] = {};
  if (::syscall(SYS_capget, &header, sets) != 0) return 1;
  for (auto* set : {&sets[0].effective, &sets[0].permitted, &sets[0].inheritable})
    *set &= ~(std::uint32_t{1} << missing);
  if (::syscall(SYS_capset, &header, sets) != 0) return 2;
  const auto kept = become({"nobody", 65534, 65534, {65534}}, {missing});
  if (!kept) return 3;
  return kept->empty() ? 0 : 4;
}

TEST(Rights, Become_NamesOnlyWhatItKept) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const pid_t child = ::fork();
  if (child == 0) ::_exit(become_without(CAP_SYS_NICE));
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0) << "1, 2: capabilities, 3: refused, 4: named what it lacks";
}

class HandOver : public ScratchFolder {
 protected:
  [[nodiscard]] control::FileDescriptor listen() const {
    auto socket = control::listen_at(root_ + "/n.sock");
    EXPECT_TRUE(socket) << socket.error().context;
    return socket ? std::move(*socket) : control::FileDescriptor();
  }
  // Whom this process may give a file to: itself, or, as root, somebody else.
  [[nodiscard]] static Account somebody() {
    const bool is_root = ::geteuid() == 0;
    return {"somebody", is_root ? kSomebody : ::geteuid(), is_root ? kTheirGroup : ::getegid(), {}};
  }
  [[nodiscard]] uid_t owner(const std::string& path) const {
    struct stat status {};
    EXPECT_EQ(::lstat((root_ + path).c_str(), &status), 0);
    return status.st_uid;
  }
};

TEST_F(HandOver, Socket_BecomesTheUsers) {
  const auto socket = listen();
  const auto handed = hand_over(root_ + "/n.sock", S_IFSOCK, somebody());
  ASSERT_TRUE(handed) << handed.error().context;
  EXPECT_EQ(owner("/n.sock"), somebody().id);
}

TEST_F(HandOver, LinkInItsPlace_IsRefusedAndNothingChanges) {
  const auto socket = listen();
  write("/shadow", "root's");
  for (const char* target : {"/shadow", "/n.sock"}) {
    std::filesystem::remove(root_ + "/link");
    std::filesystem::create_symlink(root_ + target, root_ + "/link");
    const auto handed = hand_over(root_ + "/link", S_IFSOCK, somebody());
    ASSERT_FALSE(handed);
    EXPECT_EQ(handed.error().context, root_ + "/link stays root's: another file is in its place");
    EXPECT_EQ(owner(target), ::geteuid());
    EXPECT_EQ(owner("/link"), ::geteuid());
  }
  std::filesystem::create_directory_symlink(root_, root_ + "/folder");
  EXPECT_FALSE(hand_over(root_ + "/folder", S_IFDIR, somebody()));
}

TEST_F(HandOver, WhatIsNoSocketOrHasTwoNames_IsRefused) {
  write("/file", "a file");
  EXPECT_FALSE(hand_over(root_ + "/file", S_IFSOCK, somebody()));
  EXPECT_FALSE(hand_over(root_ + "/none", S_IFSOCK, somebody()));
  const auto socket = listen();
  std::filesystem::create_hard_link(root_ + "/n.sock", root_ + "/second.sock");
  EXPECT_FALSE(hand_over(root_ + "/second.sock", S_IFSOCK, somebody()));
  EXPECT_EQ(owner("/n.sock"), ::geteuid());
}

}  // namespace
}  // namespace usbgw::app
