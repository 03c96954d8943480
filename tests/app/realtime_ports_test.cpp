#include "app/realtime_ports.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>

#include <fstream>
#include <iterator>
#include <string>

namespace usbgw::app {
namespace {

// As the kernel prints it, up to the flags and the numbers after them.
std::string stat(const std::string& name, const std::string& flags) {
  return "812 (" + name + ") S 2 0 0 0 -1 " + flags + " 0 0 0 0 0 3 0 0 20 0 1 0 2391 0 0\n";
}

TEST(VhciThread, KernelThreadOfThatName_IsOne) {
  EXPECT_TRUE(is_vhci_thread(stat("vhci_rx", "2129984")));  // 0x208040
  EXPECT_TRUE(is_vhci_thread(stat("vhci_tx", "2129984")));
  EXPECT_FALSE(is_vhci_thread(stat("stub_rx", "2129984")));
}

TEST(VhciThread, ProgramOfThatName_IsNone) {
  EXPECT_FALSE(is_vhci_thread(stat("vhci_rx", "4194560")));  // 0x400100
  EXPECT_FALSE(is_vhci_thread(stat("vhci_rx) S 2 0 0 0 -1 2129984", "4194560")));
  EXPECT_FALSE(is_vhci_thread("812 (vhci_rx) S 2 0 0 0 -1 2129984 0 (vhci_rx) S 1 1 1 0 -1 0"));
}

TEST(VhciThread, ThisProcessUnderThatName_IsNone) {
  char name[16] = {};
  ASSERT_EQ(::prctl(PR_GET_NAME, name), 0);
  ASSERT_EQ(::prctl(PR_SET_NAME, "vhci_rx"), 0);
  std::ifstream file("/proc/thread-self/stat");
  const std::string text(std::istreambuf_iterator<char>(file), {});
  ASSERT_EQ(::prctl(PR_SET_NAME, name), 0);
  EXPECT_NE(text.find("(vhci_rx)"), std::string::npos) << text;
  EXPECT_FALSE(is_vhci_thread(text));
}

TEST(VhciThread, WhatIsCutShort_IsNone) {
  const std::string whole = stat("vhci_rx", "2129984");
  const std::size_t flags = whole.find("2129984");
  for (std::size_t length = 0; length <= flags; ++length)
    EXPECT_FALSE(is_vhci_thread(whole.substr(0, length))) << length;
}

}  // namespace
}  // namespace usbgw::app
