#include "wire/isochronous_body.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "common/random.h"
#include "tests/hex.h"

namespace usbgw::wire {
namespace {

using namespace std::chrono_literals;

std::vector<std::byte> encoded(const IsochronousBody& body) {
  std::vector<std::byte> bytes(2000);
  const auto size = encode(body, bytes);
  EXPECT_TRUE(size);
  bytes.resize(size.value_or(0));
  return bytes;
}

void expect_equal(const IsochronousBody& a, const IsochronousBody& b) {
  EXPECT_EQ(a.first_index, b.first_index);
  EXPECT_EQ(a.stamp, b.stamp);
  EXPECT_EQ(a.count, b.count);
  EXPECT_EQ(a.is_fragment, b.is_fragment);
  EXPECT_EQ(a.is_last_fragment, b.is_last_fragment);
  EXPECT_EQ(a.begins_transfer, b.begins_transfer);
  EXPECT_EQ(a.fragment_offset, b.fragment_offset);
  EXPECT_EQ(a.history_count, b.history_count);
  EXPECT_EQ(a.intervals, b.intervals);
  EXPECT_EQ(a.history, b.history);
  EXPECT_TRUE(std::equal(a.payload.begin(), a.payload.end(), b.payload.begin(), b.payload.end()));
}

// Two intervals of 48 kHz mono 16 bit at 125 us (12 and 14 bytes), then a gap.
IsochronousBody example(std::span<const std::byte> payload) {
  IsochronousBody body;
  body.first_index = 7;
  body.stamp = Instant{} + 2s;
  body.count = 3;
  body.intervals[0] = {12, IntervalState::ok};
  body.intervals[1] = {14, IntervalState::error};
  body.intervals[2] = {0, IntervalState::device_gap};
  body.history_count = 2;
  body.history[0] = 12;
  body.history[1] = 10;
  body.payload = payload;
  return body;
}

TEST(IsochronousBody, RoundTrips) {
  const std::vector<std::byte> payload(26, std::byte{0x5A});
  const auto body = example(payload);
  const auto bytes = encoded(body);
  EXPECT_EQ(bytes.size(), isochronous_overhead(3, 2, false) + payload.size());
  const auto decoded = IsochronousBody::decode(bytes);
  ASSERT_TRUE(decoded);
  expect_equal(*decoded, body);
}

TEST(IsochronousBody, EncodesToDocumentedBytes) {
  const std::vector<std::byte> payload(26, std::byte{0x5A});
  auto expected =
      test::from_hex("00000007 0000000077359400 03 00 0000 02  000c00 000e02 000001  000c 000a");
  expected.insert(expected.end(), payload.begin(), payload.end());
  EXPECT_EQ(encoded(example(payload)), expected);
}

TEST(IsochronousBody, UniformHistoryTakesOneLength) {
  IsochronousBody body;
  body.count = 1;
  body.history_count = kMaxHistory;
  body.history.fill(192);
  const auto bytes = encoded(body);
  EXPECT_EQ(bytes.size(), isochronous_overhead(1, kMaxHistory, true));
  EXPECT_EQ(bytes.size(), kIsochronousFixed + 3 + 2);
  const auto decoded = IsochronousBody::decode(bytes);
  ASSERT_TRUE(decoded);
  expect_equal(*decoded, body);
}

TEST(IsochronousBody, FragmentsOfOneIntervalRoundTrip) {
  const std::vector<std::byte> payload(1000, std::byte{1});
  IsochronousBody body;
  body.count = 1;
  body.is_fragment = true;
  body.intervals[0].length = 3000;
  body.fragment_offset = 1000;
  body.payload = payload;
  const auto middle = encoded(body);
  ASSERT_TRUE(IsochronousBody::decode(middle));
  expect_equal(*IsochronousBody::decode(middle), body);
  body.fragment_offset = 2000;
  body.is_last_fragment = true;
  const auto last = encoded(body);
  ASSERT_TRUE(IsochronousBody::decode(last));
  expect_equal(*IsochronousBody::decode(last), body);
}

TEST(IsochronousBody, FragmentOutsideItsIntervalIsMalformed) {
  const std::vector<std::byte> payload(1000);
  std::vector<std::byte> room(2000);
  IsochronousBody body;
  body.count = 1;
  body.is_fragment = true;
  body.intervals[0].length = 3000;
  body.payload = payload;
  body.fragment_offset = 2000;  // ends the interval without saying that it is the last
  EXPECT_EQ(encode(body, room).error(), WireError::malformed);
  body.is_last_fragment = true;
  body.fragment_offset = 2001;
  EXPECT_EQ(encode(body, room).error(), WireError::malformed);
  body.fragment_offset = 1999;
  EXPECT_EQ(encode(body, room).error(), WireError::malformed);
}

TEST(IsochronousBody, TruncationAtEveryLengthIsRefused) {
  const std::vector<std::byte> payload(26);
  const auto bytes = encoded(example(payload));
  for (std::size_t n = 0; n < bytes.size(); ++n)
    EXPECT_EQ(IsochronousBody::decode(std::span(bytes).first(n)).error(), WireError::truncated)
        << n;
}

TEST(IsochronousBody, PayloadLongerThanTheLengthsSayIsRefused) {
  const std::vector<std::byte> payload(26);
  auto bytes = encoded(example(payload));
  bytes.emplace_back();
  EXPECT_EQ(IsochronousBody::decode(bytes).error(), WireError::trailing_bytes);
}

TEST(IsochronousBody, ForbiddenFieldValuesAreMalformed) {
  const std::vector<std::byte> payload(26);
  const auto good = encoded(example(payload));
  const auto refused_with = [&](std::size_t offset, unsigned value) {
    auto bytes = good;
    bytes[offset] = static_cast<std::byte>(value);
    const auto decoded = IsochronousBody::decode(bytes);
    return !decoded && decoded.error() == WireError::malformed;
  };
  EXPECT_TRUE(refused_with(4, 0x80));                // stamp out of range
  EXPECT_TRUE(refused_with(12, 0));                  // no intervals
  EXPECT_TRUE(refused_with(12, kMaxIntervals + 1));  // too many
  EXPECT_TRUE(refused_with(13, 0x10));               // unknown flag
  EXPECT_TRUE(refused_with(13, 0x02));               // last fragment that is no fragment
  EXPECT_TRUE(refused_with(13, 0x01));               // fragment of three intervals
  EXPECT_TRUE(refused_with(15, 1));                  // fragment offset without a fragment
  EXPECT_TRUE(refused_with(16, kMaxHistory + 1));    // history too long
  EXPECT_TRUE(refused_with(19, 3));                  // unknown state
  EXPECT_TRUE(refused_with(19, 1));                  // a gap with bytes
}

TEST(IsochronousBody, RoundTripsForAnyShape) {
  Random random(20);
  const std::vector<std::byte> payload(64 * 20, std::byte{9});
  for (int run = 0; run < 2000; ++run) {
    SCOPED_TRACE(run);
    IsochronousBody body;
    body.first_index = static_cast<std::uint32_t>(random.next());
    body.count = static_cast<std::uint8_t>(1 + random.below(kMaxIntervals));
    body.begins_transfer = random.chance(0.5);
    body.history_count = static_cast<std::uint8_t>(random.below(kMaxHistory + 1));
    std::size_t sum = 0;
    for (std::size_t i = 0; i < body.count; ++i)
      sum += body.intervals[i].length = static_cast<std::uint16_t>(random.below(21));
    for (std::size_t i = 0; i < body.history_count; ++i)
      body.history[i] = static_cast<std::uint16_t>(random.below(2));
    body.payload = std::span(payload).first(sum);
    const auto bytes = encoded(body);
    const auto decoded = IsochronousBody::decode(bytes);
    ASSERT_TRUE(decoded);
    expect_equal(*decoded, body);
  }
}

}  // namespace
}  // namespace usbgw::wire
