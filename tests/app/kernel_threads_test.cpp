#include "app/kernel_threads.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "tests/app/kernel_stat.h"
#include "tests/app/scratch_folder.h"

namespace usbgw::app {
namespace {

TEST(KernelThread, HasNameAndPriority) {
  const auto thread = parse_kernel_thread(kernel_stat("vhci_rx", kFlagsOfKernel, 50));
  ASSERT_TRUE(thread);
  EXPECT_EQ(thread->pid, 812);
  EXPECT_EQ(thread->name, "vhci_rx");
  EXPECT_EQ(thread->priority, 50);
}

TEST(KernelThread, Program_IsNoneUnderAnyName) {
  EXPECT_FALSE(parse_kernel_thread(kernel_stat("vhci_rx", kFlagsOfProgram)));
  EXPECT_FALSE(parse_kernel_thread(kernel_stat("vhci_rx) S 2 0 0 0 -1 2129984", kFlagsOfProgram)));
  EXPECT_FALSE(
      parse_kernel_thread("812 (vhci_rx) S 2 0 0 0 -1 2129984 0 (vhci_rx) S 1 1 1 0 -1 0"));
}

TEST(KernelThread, ThisProcess_IsNone) {
  std::ifstream file("/proc/thread-self/stat");
  const std::string text(std::istreambuf_iterator<char>(file), {});
  EXPECT_NE(text.find(" ("), std::string::npos) << text;
  EXPECT_FALSE(parse_kernel_thread(text));
}

TEST(KernelThread, WhatIsCutShort_IsNoneOrOrdinary) {
  const std::string whole = kernel_stat("vhci_rx", kFlagsOfKernel, 50);
  const std::size_t flags = whole.find(kFlagsOfKernel);
  const std::size_t priority = whole.find(" 50 1 ");
  for (std::size_t length = 0; length <= flags; ++length)
    EXPECT_FALSE(parse_kernel_thread(whole.substr(0, length))) << length;
  for (std::size_t length = flags + 7; length <= priority; ++length) {
    const auto thread = parse_kernel_thread(whole.substr(0, length));
    ASSERT_TRUE(thread) << length;
    EXPECT_EQ(thread->priority, 0) << length;
  }
}

using KernelThreads = ScratchFolder;

TEST_F(KernelThreads, AreThoseAmongTheProcesses) {
  write("/proc/12/stat", kernel_stat("ksoftirqd/0", kFlagsOfKernel));
  write("/proc/13/stat", kernel_stat("bash", kFlagsOfProgram));
  write("/proc/self/stat", kernel_stat("ksoftirqd/1", kFlagsOfKernel));
  const auto threads = kernel_threads(root_);
  ASSERT_EQ(threads.size(), 1u);
  EXPECT_EQ(threads.front().name, "ksoftirqd/0");
}

}  // namespace
}  // namespace usbgw::app
