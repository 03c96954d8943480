#include "wire/clock_report.h"

#include <gtest/gtest.h>

#include <array>

#include "tests/hex.h"

namespace usbgw::wire {
namespace {

using namespace std::chrono_literals;

ClockReport example() {
  ClockReport report;
  report.index = 0xFFFF'FFFE;
  report.stamp = Instant{} + 1s + 5ns;
  report.submitted_ahead = 2ms;
  report.least_margin = -1us;
  report.late = 3;
  report.missing = 4;
  return report;
}

TEST(ClockReport, RoundTrips) {
  std::array<std::byte, kClockReportBytes> bytes{};
  ASSERT_EQ(encode(example(), bytes), kClockReportBytes);
  EXPECT_EQ(ClockReport::decode(bytes), example());
}

TEST(ClockReport, EncodesToDocumentedBytes) {
  std::array<std::byte, kClockReportBytes> bytes{};
  ASSERT_TRUE(encode(example(), bytes));
  const auto expected =
      test::from_hex("fffffffe 000000003b9aca05 001e8480 fffffc18 00000003 00000004");
  EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), expected.begin(), expected.end()));
}

TEST(ClockReport, EveryOtherLengthIsRefused) {
  std::array<std::byte, kClockReportBytes + 1> bytes{};
  for (std::size_t n = 0; n < kClockReportBytes; ++n)
    EXPECT_EQ(ClockReport::decode(std::span(bytes).first(n)).error(), WireError::truncated) << n;
  EXPECT_EQ(ClockReport::decode(bytes).error(), WireError::trailing_bytes);
}

TEST(ClockReport, DurationsBeyondTheFieldSaturate) {
  ClockReport report = example();
  report.submitted_ahead = -1ns;
  report.least_margin = -10s;
  std::array<std::byte, kClockReportBytes> bytes{};
  ASSERT_TRUE(encode(report, bytes));
  const auto decoded = ClockReport::decode(bytes);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->submitted_ahead, 0ns);
  EXPECT_EQ(decoded->least_margin, Duration{INT32_MIN});
}

TEST(ClockReport, StampThatCouldOverflowIsRefused) {
  std::array<std::byte, kClockReportBytes> bytes{};
  bytes[4] = std::byte{0x7F};
  EXPECT_EQ(ClockReport::decode(bytes).error(), WireError::malformed);
}

}  // namespace
}  // namespace usbgw::wire
