#include "common/histogram.h"

#include <gtest/gtest.h>

#include "common/random.h"

namespace usbgw {
namespace {

TEST(Histogram, IsEmptyAtFirst) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.quantile(0.5), 0);
  EXPECT_EQ(histogram.max(), 0);
}

TEST(Histogram, QuantilesAreWithinOnePercentOfTheExactOnes) {
  Histogram histogram;
  for (std::int64_t v = 1; v <= 1'000'000; ++v) histogram.record(v);
  for (const double q : {0.01, 0.5, 0.9, 0.99, 0.999}) {
    const double exact = q * 1e6;
    EXPECT_NEAR(static_cast<double>(histogram.quantile(q)), exact, exact * 0.01) << q;
  }
  EXPECT_EQ(histogram.quantile(1.0), 1'000'000);
  EXPECT_EQ(histogram.min(), 1);
  EXPECT_DOUBLE_EQ(histogram.mean(), 500'000.5);
}

TEST(Histogram, TakesTheWholeRangeAndClampsBelowZero) {
  Histogram histogram;
  histogram.record(INT64_MAX);
  histogram.record(-5);
  EXPECT_EQ(histogram.max(), INT64_MAX);
  EXPECT_EQ(histogram.min(), 0);
}

TEST(Histogram, MergeEqualsRecordingBoth) {
  Random random(7);
  Histogram a, b, both;
  for (int i = 0; i < 1000; ++i) {
    const auto v = static_cast<std::int64_t>(random.below(1u << 20));
    (i % 2 == 0 ? a : b).record(v);
    both.record(v);
  }
  a.merge(b);
  EXPECT_EQ(a.count(), both.count());
  EXPECT_EQ(a.min(), both.min());
  EXPECT_EQ(a.quantile(0.99), both.quantile(0.99));
}

}  // namespace
}  // namespace usbgw
