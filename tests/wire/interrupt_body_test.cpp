#include "wire/interrupt_body.h"

#include <gtest/gtest.h>

#include <array>

#include "tests/hex.h"

namespace usbgw::wire {
namespace {

// A boot keyboard's report: left shift and "a" held (HID 1.11, appendix B.1).
TEST(InterruptBody, FromCaptureOfAKeyboardReport) {
  const auto bytes = test::from_hex("00000000 02 00 04 00 00 00 00 00");
  const auto body = InterruptBody::decode(bytes);
  ASSERT_TRUE(body);
  EXPECT_EQ(body->status, UrbStatus::ok);
  ASSERT_EQ(body->payload.size(), 8u);
  EXPECT_EQ(body->payload[2], std::byte{4});
}

TEST(InterruptBody, RoundTripsWithNegativeStatusAndNoPayload) {
  std::array<std::byte, 16> bytes{};
  const auto size = encode(InterruptBody{UrbStatus::stall, {}}, bytes);
  ASSERT_EQ(size, kInterruptFixed);
  const auto body = InterruptBody::decode(std::span(bytes).first(*size));
  ASSERT_TRUE(body);
  EXPECT_EQ(body->status, UrbStatus::stall);
  EXPECT_TRUE(body->payload.empty());
}

TEST(InterruptBody, ShorterThanTheStatusIsTruncated) {
  const std::array<std::byte, 3> bytes{};
  for (std::size_t n = 0; n <= bytes.size(); ++n)
    EXPECT_EQ(InterruptBody::decode(std::span(bytes).first(n)).error(), WireError::truncated);
}

TEST(InterruptBody, OutputTooSmallIsRefused) {
  std::array<std::byte, 11> room{};
  const std::array<std::byte, 8> payload{};
  EXPECT_EQ(encode(InterruptBody{UrbStatus::ok, payload}, room).error(), WireError::too_large);
}

}  // namespace
}  // namespace usbgw::wire
