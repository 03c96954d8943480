#include "tests/vm/wire_probe/wire_ledger.h"

#include <gtest/gtest.h>

#include <array>

namespace usbgw::wire_probe {
namespace {

TEST(WireLedger, GivesTheDelayOfWhatLeft) {
  WireLedger ledger;
  for (std::uint64_t i = 0; i < 101; ++i) {
    ledger.entered(i, static_cast<std::int64_t>(i) * 1000);
    ledger.left(i, static_cast<std::int64_t>(i) * 1000 + 400 + static_cast<std::int64_t>(i));
  }
  const WireFigures figures = ledger.figures(1'000'000, 0);
  EXPECT_EQ(figures.entered, 101U);
  EXPECT_EQ(figures.left, 101U);
  EXPECT_EQ(figures.lost, 0U);
  EXPECT_EQ(figures.overtaken, 0U);
  EXPECT_EQ(figures.delay_min_ns, 400);
  EXPECT_EQ(figures.delay_p50_ns, 450);
  EXPECT_EQ(figures.delay_p99_ns, 499);
  EXPECT_EQ(figures.delay_max_ns, 500);
}

TEST(WireLedger, CallsLostWhatHadTimeToLeave) {
  WireLedger ledger;
  ledger.entered(1, 0);
  ledger.entered(2, 900);
  const WireFigures figures = ledger.figures(1000, 500);
  EXPECT_EQ(figures.lost, 1U);
  EXPECT_EQ(figures.on_its_way, 1U);
}

TEST(WireLedger, CountsWhatWasOvertaken) {
  WireLedger ledger;
  ledger.entered(1, 0);
  ledger.entered(2, 10);
  ledger.entered(3, 20);
  ledger.left(3, 30);
  ledger.left(1, 40);
  ledger.left(2, 50);
  EXPECT_EQ(ledger.figures(60, 0).overtaken, 2U);
}

TEST(WireLedger, LetsEqualFramesLeaveInTheirOrder) {
  WireLedger ledger;
  ledger.entered(7, 0);
  ledger.entered(7, 100);
  ledger.left(7, 10);
  ledger.left(7, 120);
  const WireFigures figures = ledger.figures(200, 0);
  EXPECT_EQ(figures.delay_min_ns, 10);
  EXPECT_EQ(figures.delay_max_ns, 20);
  EXPECT_EQ(figures.lost, 0U);
}

TEST(WireLedger, CountsWhatNeverCameIn) {
  WireLedger ledger;
  ledger.left(1, 10);
  const WireFigures figures = ledger.figures(20, 0);
  EXPECT_EQ(figures.unknown, 1U);
  EXPECT_EQ(figures.left, 0U);
}

TEST(Fingerprint, DiffersByContentAndByLength) {
  const std::array<std::uint8_t, 3> one{1, 2, 3};
  const std::array<std::uint8_t, 3> other{1, 2, 4};
  EXPECT_EQ(fingerprint(one, 3), fingerprint(one, 3));
  EXPECT_NE(fingerprint(one, 3), fingerprint(other, 3));
  EXPECT_NE(fingerprint(one, 3), fingerprint(one, 300));
}

}  // namespace
}  // namespace usbgw::wire_probe
