#include "common/sequence.h"

#include <gtest/gtest.h>

namespace usbgw {
namespace {

TEST(Unwrapper, GoesOnAcrossTheWrap) {
  Unwrapper<std::uint8_t> unwrapper;
  std::int64_t expected = 0;
  for (int i = 0; i < 1000; ++i, ++expected) {
    EXPECT_EQ(unwrapper.unwrap(static_cast<std::uint8_t>(i)), expected);
  }
}

TEST(Unwrapper, TakesAnOlderValueWithoutMovingBack) {
  Unwrapper<std::uint16_t> unwrapper;
  EXPECT_EQ(unwrapper.unwrap(20'000), 20'000);
  EXPECT_EQ(unwrapper.unwrap(40'000), 40'000);
  EXPECT_EQ(unwrapper.unwrap(39'999), 39'999);
  EXPECT_EQ(unwrapper.unwrap(3), 65'539);
}

TEST(Unwrapper, PeekDoesNotMoveTheReference) {
  Unwrapper<std::uint32_t> unwrapper;
  EXPECT_EQ(unwrapper.peek(0x7FFFFFFF), 0x7FFFFFFF);
  EXPECT_EQ(unwrapper.peek(0xFFFFFFFF), -1);
}

}  // namespace
}  // namespace usbgw
