// Every kind of audio endpoint, rate, width and interval through the whole system, on a path with
// jitter: what is played and recorded is exact to the sample.
#include "tests/simulation/audio_rig.h"

namespace usbgw::simulation::test {
namespace {

class AudioFormats : public ::testing::TestWithParam<Format> {};

TEST_P(AudioFormats, DuplexIsExact) {
  AudioRig rig(GetParam(), options_of(GetParam()), AudioRig::fixed(3ms));
  rig.system->run_for(1500ms);
  rig.stop();
  rig.expect_exact(1.5, GetParam().rate);
  rig.expect_clean_end();
}

constexpr Format kFormats[] = {
    // Full speed, 1 ms.
    {"full_explicit_44k1", kUac1, kExplicit, 44100},
    {"full_explicit_96k", kUac1, kExplicit, 96000},
    {"full_adaptive_44k1", kUac1, kAdaptive, 44100},
    {"full_adaptive_48k_8ch", kUac1, kAdaptive, 48000, 8},
    {"full_synchronous_48k", kUac1, kSynchronous, 48000},
    {"full_synchronous_44k1", kUac1, kSynchronous, 44100},
    // High speed, 125 us.
    {"high_explicit_44k1", kUac2, kExplicit, 44100},
    {"high_explicit_48k_32ch", kUac2, kExplicit, 48000, 32},
    {"high_explicit_96k_16ch", kUac2, kExplicit, 96000, 16},
    {"high_explicit_192k_32ch", kUac2, kExplicit, 192000, 32},
    {"high_implicit_44k1", kUac2, kImplicit, 44100},
    {"high_implicit_192k_8ch", kUac2, kImplicit, 192000, 8},
    {"high_adaptive_44k1", kUac2, kAdaptive, 44100},
    {"high_adaptive_192k", kUac2, kAdaptive, 192000},
    {"high_synchronous_48k", kUac2, kSynchronous, 48000},
    {"high_synchronous_96k", kUac2, kSynchronous, 96000},
    // High speed, longer intervals.
    {"high_explicit_250us", kUac2, kExplicit, 48000, 4, 1},
    {"high_explicit_500us", kUac2, kExplicit, 44100, 2, 2},
    {"high_explicit_1ms", kUac2, kExplicit, 48000, 16, 3, 256},
    {"high_implicit_250us", kUac2, kImplicit, 44100, 2, 1},
    {"high_implicit_500us", kUac2, kImplicit, 96000, 2, 2},
    {"high_implicit_1ms", kUac2, kImplicit, 48000, 2, 3, 256},
    {"high_adaptive_250us", kUac2, kAdaptive, 96000, 2, 1},
    {"high_adaptive_500us", kUac2, kAdaptive, 48000, 2, 2},
    {"high_adaptive_1ms", kUac2, kAdaptive, 44100, 2, 3, 256},
    {"high_synchronous_1ms", kUac2, kSynchronous, 192000, 2, 3, 256},
    // Crystals that differ.
    {"full_explicit_crystal", kUac1, kExplicit, 44100, 2, 0, 128, 200},
    {"high_explicit_crystal", kUac2, kExplicit, 48000, 2, 0, 128, -200},
    {"high_explicit_500us_crystal", kUac2, kExplicit, 48000, 2, 2, 128, 200, 200},
    {"high_implicit_crystal", kUac2, kImplicit, 44100, 2, 0, 128, 200, -200},
    {"high_implicit_1ms_crystal", kUac2, kImplicit, 48000, 2, 3, 256, -200, 200},
};

INSTANTIATE_TEST_SUITE_P(Kinds, AudioFormats, ::testing::ValuesIn(kFormats),
                         [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace usbgw::simulation::test
