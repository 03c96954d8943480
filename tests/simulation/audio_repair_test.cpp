// Audio on a path that loses datagrams: what each repair scheme leaves to conceal.
#include "tests/simulation/audio_rig.h"

namespace usbgw::simulation {
namespace {

using namespace test;
using session::RepairOptions;
using session::RepairScheme;

constexpr Format kFormat{"uac2", kUac2, kExplicit};

RepairOptions automatic() {
  RepairOptions options;
  options.scheme = RepairScheme::automatic;
  options.resends = true;
  return options;
}

// Intervals concealed in 20 s with 0.7 % lost, each way; RTT 8 ms, J = 2 ms, D = 10 ms.
std::uint64_t concealed(const node::RepairConfig& repair) {
  SystemConfig config;
  config.repair = repair;
  AudioRig rig(kFormat, options_of(kFormat), AudioRig::fixed(10ms), config);
  const ImpairmentProfile lossy{4ms, 2ms, false, 0.007, 0, {}};
  rig.system->to_host().set_profile(lossy);
  rig.system->to_agent().set_profile(lossy);
  rig.system->run_for(20s);
  std::uint64_t intervals = 0;
  const auto* status = rig.system->status();
  EXPECT_NE(status, nullptr);
  if (status != nullptr)
    for (const auto& stream : status->streams) intervals += stream.account.concealed;
  EXPECT_GT(rig.system->to_host().lost(), 100u);
  rig.stop();
  rig.expect_clean_end();
  return intervals;
}

TEST(AudioRepair, WithoutRepairLossIsHeard) {
  EXPECT_GT(concealed({false, {}, {}}), 100u);
}

TEST(AudioRepair, BlocksLeaveNothingToConceal) {
  EXPECT_EQ(concealed({false, {}, RepairOptions{{}, RepairScheme::block, 4, 4, 4ms}}), 0u);
}

TEST(AudioRepair, WindowLeavesNothingToConceal) {
  EXPECT_EQ(concealed({false, {}, RepairOptions{{}, RepairScheme::window, 1, 1, 8ms}}), 0u);
}

TEST(AudioRepair, AutomaticRepairLeavesNothingToConceal) {
      EXPECT_EQ(concealed({false, {}, automatic()}), 0u);
}

}  // namespace
}  // namespace usbgw::simulation
