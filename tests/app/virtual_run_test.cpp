// What a run of the demo under virtual time says of both directions.
#include "app/virtual_run.h"

#include <gtest/gtest.h>

namespace usbgw::app {
namespace {

using namespace std::chrono_literals;

simulation::AudioCase demo_case(const VirtualRunOptions& options = {}) {
  const auto document = config::load_document(USBGW_SOURCE_ROOT "/config/demo.toml");
  EXPECT_TRUE(document);
  simulation::AudioCase audio = audio_case_of(*document, options);
  audio.playout.playout = 8ms;
  return audio;
}

TEST(VirtualRun, ShippedRepairLeavesNothingToHear) {
  const VirtualRun run = run_virtually(demo_case(), 5s);
  EXPECT_EQ(run.fault, "");
  EXPECT_EQ(run.concealed(), 0u);
  EXPECT_EQ(run.playout, 8ms);
  EXPECT_GT(run.in.lost, 20u);
  EXPECT_GT(run.out.lost, 20u);
  EXPECT_NEAR(run.in.overhead(), 0.75, 0.01);
  EXPECT_NEAR(run.out.overhead(), 0.75, 0.01);
}

TEST(VirtualRun, WithoutRepairBothEndsHearWhatIsLost) {
  VirtualRunOptions options;
  options.is_repaired = false;
  const VirtualRun run = run_virtually(demo_case(options), 5s);
  EXPECT_EQ(run.fault, "concealed");
  EXPECT_GT(run.in.concealed, 50u);
  EXPECT_GT(run.out.concealed, 50u);
  EXPECT_GT(run.in.missing() + run.in.altered(), 0u);
  EXPECT_GT(run.out.missing() + run.out.altered(), 0u);
  EXPECT_EQ(run.in.repairs + run.out.repairs, 0u);
}

}  // namespace
}  // namespace usbgw::app
