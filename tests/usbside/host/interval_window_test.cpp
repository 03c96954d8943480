#include "usbside/host/interval_window.h"

#include <gtest/gtest.h>

namespace usbgw::host {
namespace {

std::size_t bytes_of(const IntervalWindow& window) {
  return static_cast<std::size_t>(window.capacity()) * window.packet_bytes();
}

TEST(IntervalWindow, WhatDevicesNeed_IsHeldWhole) {
  EXPECT_EQ(IntervalWindow(8192, 3072).capacity(), 8192);   // high speed, one second
  EXPECT_EQ(IntervalWindow(1000, 49152).capacity(), 1024);  // SuperSpeed, 128 ms
  EXPECT_EQ(IntervalWindow(300, 1023).capacity(), 512);
}

TEST(IntervalWindow, WhatADescriptorMayState_StaysWithinTheBound) {
  for (const std::uint32_t packet : {1u, 3072u, 6141u, 49152u, 65535u}) {
    const IntervalWindow window(std::size_t{1} << 16, packet);
    EXPECT_LE(bytes_of(window), IntervalWindow::kMostBytes) << packet;
    EXPECT_GE(window.capacity(), 64) << packet;
  }
}

// The smallest window still plays: what is beyond it is missing, nothing is misplaced.
TEST(IntervalWindow, DataBeyondACappedWindow_TakesTheOldestSlot) {
  IntervalWindow window(8192, 65535);
  const std::int64_t capacity = window.capacity();
  EXPECT_EQ(capacity, 512);
  ASSERT_NE(window.touch(0), nullptr);
  ASSERT_NE(window.touch(capacity), nullptr);
  EXPECT_EQ(window.find(0), nullptr);
  EXPECT_EQ(window.touch(0), nullptr);
}

}  // namespace
}  // namespace usbgw::host
