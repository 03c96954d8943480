// The sound driver's model at work behind a whole usbgw, where usbmon's traces do not go: XRUNs,
// and both directions at once on a device with implicit feedback.
#include <gtest/gtest.h>

#include "simulation/audio_driver_model.h"
#include "simulation/whole_system.h"
#include "tests/simulation/counter_program.h"
#include "tests/simulation/single_device.h"
#include "usbside/device/software/audio_function.h"

namespace usbgw::simulation {
namespace {

using namespace std::chrono_literals;
using device::software::AudioFunction;

device::software::DeviceOptions device_options(const std::string& name, double crystal_ppm) {
  device::software::DeviceOptions options;
  options.name = name;
  options.crystal_ppm = crystal_ppm;
  return options;
}

// Plays what it has just recorded, and silence before.
class Echo final : public AudioProgram {
 public:
  void record(std::span<const std::byte> period, Instant) override {
    recorded_.assign(period.begin(), period.end());
  }
  void play(std::span<std::byte> period, Instant) override {
    recorded_.resize(period.size());
    std::copy(recorded_.begin(), recorded_.end(), period.begin());
    recorded_.clear();
  }

 private:
  std::vector<std::byte> recorded_;
};

struct Rig {
  explicit Rig(const std::string& device, PcmSettings pcm, double crystal_ppm = 0)
      : Rig(device, pcm, program, crystal_ppm) {}
  Rig(const std::string& device, PcmSettings pcm, AudioProgram& client, double crystal_ppm = 0)
      : devices(device_options(device, crystal_ppm)), driver(pcm, client) {
    config.device = "software:" + device;
    config.playout.mode = host::PlayoutMode::fixed;
    config.playout.playout = 2ms;
    system.emplace(config, clock, devices, driver);
  }
  void stop() {
    driver.stop(*driver.device(), clock.now());
    system->run_for(100ms);
  }

  SingleDevice devices;
  CounterProgram program{4};
  AudioDriverModel driver;
  VirtualClock clock;
  SystemConfig config;
  std::optional<WholeSystem> system;
};

TEST(AudioDriver, ImplicitFeedbackFollowsTheDevicesCrystal) {
  PcmSettings pcm;
  Rig rig("uac2-implicit", pcm, 500);
  rig.system->run_for(3s);
  const auto played = rig.driver.frames_played();
  const auto recorded = rig.driver.frames_recorded();
  rig.stop();
  EXPECT_EQ(rig.driver.playback_xruns(), 0u);
  EXPECT_EQ(rig.driver.capture_xruns(), 0u);
  EXPECT_EQ(rig.program.breaks(), 0u);
  // One playback URB for each capture URB: they are never further apart than what is in flight.
  EXPECT_GT(recorded, 2u * 48000);
  EXPECT_LE(recorded - played, 2u * 12 * 48);
  EXPECT_TRUE(rig.system->vhci().violations().empty());
  EXPECT_TRUE(rig.system->shut_down(5s));
}

TEST(AudioDriver, ImplicitFeedbackRunsTheCaptureEndpointForPlaybackAlone) {
  PcmSettings pcm;
  pcm.capture = false;
  Rig rig("uac2-implicit", pcm);
  rig.system->run_for(1s);
  rig.stop();
  EXPECT_GT(rig.driver.frames_played(), 40'000u);
  EXPECT_EQ(rig.driver.frames_recorded(), 0u);
  EXPECT_EQ(rig.driver.playback_xruns(), 0u);
  EXPECT_EQ(rig.devices.function<AudioFunction>().judge().inside.total(), 0u);
  EXPECT_TRUE(rig.system->shut_down(5s));
}

TEST(AudioDriver, StreamsGoOnAfterXrunsOfProgramsThatAreLate) {
  for (const char* device : {"uac1", "uac2", "uac2-implicit"}) {
    SCOPED_TRACE(device);
    PcmSettings pcm;
    pcm.period_frames = 64;
    pcm.wake_latency = 4ms;
    Rig rig(device, pcm);
    rig.system->run_for(1s);
    const auto playback_xruns = rig.driver.playback_xruns();
    const auto capture_xruns = rig.driver.capture_xruns();
    const auto played = rig.driver.frames_played();
    const auto recorded = rig.driver.frames_recorded();
    EXPECT_GT(playback_xruns, 10u);
    EXPECT_GT(capture_xruns, 10u);
    rig.system->run_for(1s);
    EXPECT_GT(rig.driver.playback_xruns(), playback_xruns);
    EXPECT_GT(rig.driver.capture_xruns(), capture_xruns);
    EXPECT_GT(rig.driver.frames_played(), played + 1000);
    EXPECT_GT(rig.driver.frames_recorded(), recorded + 1000);
    rig.stop();
    EXPECT_TRUE(rig.system->vhci().violations().empty());
    EXPECT_TRUE(rig.system->shut_down(5s));
  }
}

TEST(AudioDriver, ProgramsThatAreALittleLateCauseNoXrun) {
  PcmSettings pcm;
  pcm.period_frames = 64;
  pcm.wake_latency = 200us;
  Rig rig("uac2", pcm);
  rig.system->run_for(2s);
  rig.stop();
  EXPECT_EQ(rig.driver.playback_xruns(), 0u);
  EXPECT_EQ(rig.driver.capture_xruns(), 0u);
  EXPECT_EQ(rig.program.breaks(), 0u);
  EXPECT_EQ(rig.devices.function<AudioFunction>().judge().inside.total(), 0u);
}

PcmSettings linked(std::uint32_t period_frames) {
  PcmSettings pcm;
  pcm.period_frames = period_frames;
  pcm.is_linked = true;
  return pcm;
}

// The device plays its own counter again, so its judge hears whether a frame is missing.
TEST(AudioDriver, LinkedClientPlaysWhatItRecords) {
  for (const char* device : {"uac1", "uac2", "uac2-implicit"}) {
    SCOPED_TRACE(device);
    Echo client;
    auto pcm = linked(256);
    pcm.open_after = 500ms;
    Rig rig(device, pcm, client);
    rig.system->run_for(400ms);
    EXPECT_FALSE(rig.driver.is_running());
    rig.system->run_for(3s);
    EXPECT_EQ(rig.driver.playback_xruns(), 0u);
    EXPECT_EQ(rig.driver.capture_xruns(), 0u);
    rig.stop();
    const auto judge = rig.devices.function<AudioFunction>().judge();
    EXPECT_GT(judge.counted, 2u * 48000);
    EXPECT_EQ(judge.inside.total(), 0u);
    EXPECT_TRUE(rig.system->vhci().violations().empty());
    EXPECT_TRUE(rig.system->shut_down(5s));
  }
}

TEST(AudioDriver, LinkedClientStartsBothStreamsOverAfterAnXrun) {
  for (const char* device : {"uac1", "uac2", "uac2-implicit"}) {
    SCOPED_TRACE(device);
    Echo client;
    auto pcm = linked(64);
    pcm.wake_latency = 4ms;
    Rig rig(device, pcm, client);
    rig.system->run_for(1s);
    const auto xruns = rig.driver.playback_xruns() + rig.driver.capture_xruns();
    const auto recorded = rig.driver.frames_recorded();
    EXPECT_GT(xruns, 10u);
    rig.system->run_for(1s);
    EXPECT_GT(rig.driver.playback_xruns() + rig.driver.capture_xruns(), xruns);
    EXPECT_GT(rig.driver.frames_recorded(), recorded + 1000);
    rig.stop();
    EXPECT_TRUE(rig.system->vhci().violations().empty());
    EXPECT_TRUE(rig.system->shut_down(5s));
  }
}

}  // namespace
}  // namespace usbgw::simulation
