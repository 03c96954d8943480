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

// What is corrupt is refused and then as good as lost; what comes twice or late is harmless.
TEST(AudioRepair, CorruptDoubledAndLateDatagramsAreNotHeard) {
  SystemConfig config;
  config.repair = {false, {}, RepairOptions{{}, RepairScheme::window, 1, 2, 8ms}};
  AudioRig rig(kFormat, options_of(kFormat), AudioRig::fixed(10ms), config);
  ImpairmentProfile path;
  path.delay = 2ms;
  path.jitter = 1ms;
  path.corrupt = 0.01;
  path.duplicate = 0.02;
  path.reorder = 0.02;
  path.reorder_by = 1ms;
  rig.system->to_host().set_profile(path);
  rig.system->to_agent().set_profile(path);
  rig.system->run_for(20s);
  rig.expect_exact(20, 48000);
  ASSERT_NE(rig.system->status(), nullptr);
  const ImpairmentCounts counts = rig.system->to_host().counts();
  const auto& refused = rig.system->host().peers().front().counters;
  const std::uint64_t by_tag = refused[session::SessionCounter::drop_authentication];
  // A flipped bit of the session's or packet's number is noticed before the tag.
  EXPECT_GT(counts.corrupted, 200u);
  EXPECT_LE(by_tag, counts.corrupted);
  EXPECT_GE(by_tag, counts.corrupted * 8 / 10);
  EXPECT_GE(refused[session::SessionCounter::drop_replay], counts.duplicated * 9 / 10);
  rig.stop();
  rig.expect_clean_end();
}

}  // namespace
}  // namespace usbgw::simulation
