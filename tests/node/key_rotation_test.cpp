// When a key is spent, and that one spent key is changed once.
#include "node/key_rotation.h"

#include <gtest/gtest.h>

#include "simulation/memory_port.h"
#include "simulation/seeded_numbers.h"

namespace usbgw::node {
namespace {

using std::chrono::seconds;

constexpr std::uint64_t kSpent = session::kMaxPacketsPerKey / 2;

struct Rotations : testing::Test {
  struct NoWaker final : Waker {
    void wake() override {}
  };
  // The epoch that the peer is told of now; 0: none.
  [[nodiscard]] std::uint32_t turn() {
    const auto told = rotation.turn(now);
    return told ? told->epoch : 0;
  }

  Instant now{seconds(1000)};
  NoWaker waker;
  simulation::MemoryPort port{{}, 1400};
  PacketLoop packets{port, {waker, waker, waker}};
  simulation::SeededNumbers numbers{3};
  KeyRotation rotation{SessionHandle{1}, {}, true, numbers, packets, now};
};

TEST_F(Rotations, SpentKeyIsChangedBeforeItsTime) {
  rotation.count(0, kSpent - 1, now);
  EXPECT_EQ(turn(), 0u);
  rotation.count(0, kSpent, now);
  EXPECT_EQ(turn(), 1u);
}

// The packet worker counted before it was given the new key, and the report came after.
TEST_F(Rotations, ReportOfAnEarlierKeyDoesNotSpendTheNext) {
  rotation.count(0, kSpent, now);
  EXPECT_EQ(turn(), 1u);
  rotation.count(0, kSpent + 5, now);
  EXPECT_EQ(turn(), 0u);
  rotation.count(1, kSpent, now);
  EXPECT_EQ(turn(), 2u);
}

}  // namespace
}  // namespace usbgw::node
