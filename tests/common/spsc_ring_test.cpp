#include "common/spsc_ring.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>

namespace usbgw {
namespace {

TEST(SpscRing, RefusesWhenFullAndLeavesTheItemAlone) {
  SpscRing<std::unique_ptr<int>> ring(2);
  EXPECT_TRUE(ring.push(std::make_unique<int>(1)));
  EXPECT_TRUE(ring.push(std::make_unique<int>(2)));
  auto third = std::make_unique<int>(3);
  EXPECT_FALSE(ring.push(std::move(third)));
  ASSERT_NE(third, nullptr);
  std::unique_ptr<int> out;
  EXPECT_TRUE(ring.pop(out));
  EXPECT_EQ(*out, 1);
  EXPECT_TRUE(ring.push(std::move(third)));
}

TEST(SpscRing, KeepsOrderBetweenTwoThreads) {
  constexpr int kItems = 200'000;
  SpscRing<int> ring(64);
  std::thread producer([&] {
    for (int i = 0; i < kItems; ++i) {
      while (!ring.push(i)) std::this_thread::yield();
    }
  });
  for (int expected = 0; expected < kItems; ++expected) {
    int value = -1;
    while (!ring.pop(value)) std::this_thread::yield();
    ASSERT_EQ(value, expected);
  }
  producer.join();
  EXPECT_TRUE(ring.empty());
}

TEST(SpscRing, CountsWhatWasPushed_WhateverWasTaken) {
  SpscRing<int> ring(4);
  int taken = 0;
  for (int i = 0; i < 10; ++i) {
    const std::size_t before = ring.pushed();
    ASSERT_TRUE(ring.push(int{i}));
    ASSERT_TRUE(ring.pop(taken));
    EXPECT_EQ(ring.pushed(), before + 1);
  }
}

}  // namespace
}  // namespace usbgw
