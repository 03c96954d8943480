#include "control/backoff.h"

#include <gtest/gtest.h>

namespace usbgw::control {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Backoff, DoublesFromFloorToCeilingWithAtMostAQuarterOfJitter) {
  Backoff backoff(milliseconds(500), seconds(10), 42);
  Duration nominal = milliseconds(500);
  for (int attempt = 0; attempt < 10; ++attempt) {
    const Duration delay = backoff.next();
    EXPECT_GE(delay, nominal);
    EXPECT_LE(delay, std::min<Duration>(nominal + nominal / 4, seconds(10)));
    nominal = std::min<Duration>(2 * nominal, seconds(10));
  }
}

TEST(Backoff, ResetBeginsAtTheFloorAgain) {
  Backoff backoff(milliseconds(500), seconds(10), 42);
  for (int attempt = 0; attempt < 5; ++attempt) static_cast<void>(backoff.next());
  backoff.reset();
  EXPECT_LE(backoff.next(), milliseconds(625));
}

TEST(Backoff, SeedsDiffer) {
  EXPECT_NE(Backoff(milliseconds(500), seconds(10), 1).next(),
            Backoff(milliseconds(500), seconds(10), 2).next());
}

}  // namespace
}  // namespace usbgw::control
