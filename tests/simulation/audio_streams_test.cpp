// What happens to the streams of an audio device while they run: other rates and settings, outages,
// clocks that drift.
#include "common/byte_order.h"
#include "tests/simulation/audio_rig.h"

namespace usbgw::simulation::test {
namespace {

// All streams of a device count one bus: what is recorded and what is played keep their distance.
class AudioStreamsInStep : public ::testing::TestWithParam<Synchronisation> {};

TEST_P(AudioStreamsInStep, RecordedAndPlayedKeepTheirDistance) {
  Format format{"step", kUac2, GetParam()};
  format.bus_ppm = GetParam() == kExplicit || GetParam() == kAdaptive ? 100 : -100;
  AudioRig rig(format, options_of(format), AudioRig::fixed(3ms));
  rig.system->run_for(6s);
  const auto* status = rig.system->status();
  ASSERT_NE(status, nullptr);
  double in_ppm = 0;
  double out_ppm = 0;
  for (const auto& stream : status->streams) {
    if (stream.endpoint == device::software::kAudioIn) in_ppm = stream.clock_ppm;
    if (stream.endpoint != device::software::kAudioOut) continue;
    out_ppm = stream.clock_ppm;
    ASSERT_TRUE(stream.agent_fifo);
    EXPECT_LT(stream.agent_fifo->most - stream.agent_fifo->least, 500us);
  }
  EXPECT_NEAR(in_ppm, out_ppm, 20);
  rig.stop();
  rig.expect_exact(6, 48000);
}

INSTANTIATE_TEST_SUITE_P(Kinds, AudioStreamsInStep,
                         ::testing::Values(kExplicit, kImplicit, kAdaptive, kSynchronous));

// As a sound server does when a file of another rate is next: close, tell the device, open.
TEST(AudioStreams, RateChangesWhileRunning) {
  for (const auto audio_class : {kUac1, kUac2}) {
    SCOPED_TRACE(static_cast<int>(audio_class));
    const Format format{"rates", audio_class, kExplicit};
    AudioOptions options = options_of(format);
    options.other_rate = 96000;
    AudioRig rig(format, options, AudioRig::fixed(3ms));
    rig.system->run_for(1s);
    for (const std::uint32_t rate : {96000u, 48000u, 96000u}) {
      rig.stop();
      const auto played = rig.driver.frames_played();
      ModelUrb urb;
      urb.endpoint = EndpointAddress(0, Direction::out);
      urb.setup = audio_class == kUac1
                      ? SetupPacket{0x22, 1, 0x0100, device::software::kAudioOut.value(), 3}
                      : SetupPacket{0x21, 1, 0x0100, device::software::kClockSource << 8, 4};
      urb.length = urb.setup.length;
      urb.data.resize(4);
      store_le<std::uint32_t>(urb.data.data(), rate);
      urb.data.resize(urb.length);
      rig.driver.device()->submit(std::move(urb), rig.clock.now());
      rig.system->run_for(50ms);
      rig.program.start_over();
      rig.driver.reopen(pcm_of(format, rate), rig.clock.now());
      rig.system->run_for(1s);
      EXPECT_GT(rig.driver.frames_played() - played, rate * 8 / 10);
    }
    rig.stop();
    rig.expect_exact(3.5, 48000);
    rig.expect_clean_end();
  }
}

// The driver selects settings as fast as it can, streams running.
TEST(AudioStreams, AlternateSettingsChangeAgainAndAgain) {
  for (const auto audio_class : {kUac1, kUac2}) {
    SCOPED_TRACE(static_cast<int>(audio_class));
    const Format format{"settings", audio_class, kExplicit};
    AudioRig rig(format, options_of(format), AudioRig::fixed(3ms));
    rig.system->run_for(300ms);
    for (int i = 0; i < 30; ++i) {
      rig.driver.stop(*rig.driver.device(), rig.clock.now());
      rig.system->run_for(20ms + i * 1ms);
      rig.program.start_over();
      rig.driver.reopen(pcm_of(format, 48000), rig.clock.now());
      rig.system->run_for(i * 3ms);
    }
    const auto recorded = rig.driver.frames_recorded();
    rig.program.start_over();
    rig.system->run_for(1s);
    EXPECT_GT(rig.driver.frames_recorded() - recorded, 40'000u);
    EXPECT_EQ(rig.program.breaks(), 0u);
    EXPECT_EQ(rig.driver.urb_errors(), 0u);
    rig.stop();
    rig.expect_clean_end();
  }
}

// Both directions are bit-exact again 250 ms after the network is back, whatever its absence was.
TEST(AudioStreams, ComeBackAfterAnyOutage) {
  for (const Format& format : {Format{"full", kUac1, kAdaptive}, Format{"explicit"},
                               Format{"implicit", kUac2, kImplicit}}) {
    SCOPED_TRACE(format.name);
    AudioRig rig(format, options_of(format), AudioRig::fixed(3ms));
    auto& system = *rig.system;
    system.run_for(500ms);
    const ImpairmentProfile path = system.to_host().profile();
    ImpairmentProfile cut = path;
    cut.loss = 1;
    for (const Duration length : {Duration(50ms), Duration(200ms), Duration(1s), Duration(5s)}) {
      SCOPED_TRACE(to_milliseconds(length));
      system.to_host().set_profile(cut);
      system.to_agent().set_profile(cut);
      system.run_for(length);
      system.to_host().set_profile(path);
      system.to_agent().set_profile(path);
      system.run_for(250ms);
      const auto breaks = rig.program.breaks();
      const auto faults = rig.function().judge().inside.total();
      const auto recorded = rig.driver.frames_recorded();
      const auto heard = rig.function().judge().counted;
      system.run_for(500ms);
      EXPECT_EQ(rig.program.breaks(), breaks);
      EXPECT_EQ(rig.function().judge().inside.total(), faults);
      EXPECT_GT(rig.driver.frames_recorded() - recorded, 23'000u);
      EXPECT_GT(rig.function().judge().counted - heard, 22'000u);
    }
    EXPECT_EQ(rig.driver.playback_xruns(), 0u);
    EXPECT_EQ(rig.driver.capture_xruns(), 0u);
    EXPECT_EQ(rig.driver.urb_errors(), 0u);
    EXPECT_LT(system.vhci().longest_isochronous_wait(), 70ms);
    rig.stop();
    rig.expect_clean_end();
  }
}

}  // namespace
}  // namespace usbgw::simulation::test
