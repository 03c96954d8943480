// The whole system in one thread: software device, agent, network, host, modelled vhci and sound
// driver.
#include <gtest/gtest.h>

#include <cstdio>

#include "dataplane/session/session_limits.h"
#include "simulation/audio_driver_model.h"
#include "simulation/whole_system.h"
#include "tests/simulation/counter_program.h"
#include "tests/simulation/single_device.h"
#include "usbside/device/software/audio_function.h"

namespace usbgw::simulation {
namespace {

using namespace std::chrono_literals;
using device::software::AudioFunction;

struct Case {
  const char* device = "uac1";
  std::uint32_t period = 128;
  Duration delay{};
  Duration jitter{};
  double loss = 0;
  Duration playout = 2ms;
  double bus_ppm = 0;
  std::uint64_t seed = 1;
};

struct Outcome {
  std::uint64_t recorded = 0, record_breaks = 0, record_lead_in = 0;
  device::software::JudgeReport played;
  std::uint64_t playback_xruns = 0, capture_xruns = 0, urb_errors = 0;
  std::vector<std::string> violations;
  Duration longest_wait{};
  host::AttachmentStatus status;
  bool is_clean_end = false;
};

Outcome run(const Case& c, Duration length) {
  device::software::DeviceOptions options;
  options.name = c.device;
  options.bus_ppm = c.bus_ppm;
  SingleDevice devices(options);
  CounterProgram program(4);
  PcmSettings pcm;
  pcm.period_frames = c.period;
  AudioDriverModel driver(pcm, program);
  VirtualClock clock;
  SystemConfig config;
  config.seed = c.seed;
  config.device = std::string("software:") + c.device;
  config.to_host = config.to_agent = {c.delay, c.jitter, false, c.loss, 0, {}};
  config.control_delay = c.delay;
  config.playout.mode = host::PlayoutMode::fixed;
  config.playout.playout = c.playout;
  WholeSystem system(config, clock, devices, driver);
  system.run_for(length);
  Outcome outcome;
  if (const auto* status = system.status()) outcome.status = *status;
  if (driver.device() != nullptr) driver.stop(*driver.device(), clock.now());
  system.run_for(100ms);
  outcome.recorded = program.frames();
  outcome.record_breaks = program.breaks();
  outcome.record_lead_in = program.lead_in();
  outcome.played = devices.function<AudioFunction>().judge();
  outcome.playback_xruns = driver.playback_xruns();
  outcome.capture_xruns = driver.capture_xruns();
  outcome.urb_errors = driver.urb_errors();
  outcome.is_clean_end = system.shut_down(5s);
  outcome.violations = system.vhci().violations();
  outcome.longest_wait = system.vhci().longest_isochronous_wait();
  return outcome;
}

void expect_exact(const Outcome& outcome, Duration length) {
  EXPECT_TRUE(outcome.violations.empty()) << outcome.violations.front();
  const auto frames = static_cast<std::uint64_t>(to_milliseconds(length) * 48);
  EXPECT_GT(outcome.recorded, frames * 9 / 10);
  EXPECT_EQ(outcome.record_breaks, 0u);
  EXPECT_LE(outcome.record_lead_in, 48u * 50);
  EXPECT_GT(outcome.played.counted, frames * 9 / 10);
  EXPECT_EQ(outcome.played.inside.total(), 0u);
  EXPECT_EQ(outcome.playback_xruns, 0u);
  EXPECT_EQ(outcome.capture_xruns, 0u);
  EXPECT_EQ(outcome.urb_errors, 0u);
  EXPECT_TRUE(outcome.is_clean_end);
}

TEST(AudioDuplex, FullSpeedIsExactOnACleanLink) {
  const auto outcome = run({}, 2s);
  expect_exact(outcome, 2s);
}

TEST(AudioDuplex, HighSpeedWithExplicitFeedbackIsExactOnACleanLink) {
  Case c;
  c.device = "uac2";
  expect_exact(run(c, 2s), 2s);
}

TEST(AudioDuplex, FullSpeedIsExactWithARoundTripOf8MsAndJitter) {
  Case c;
  c.delay = 4ms;
  c.jitter = 2ms;
  c.playout = 3ms;
  expect_exact(run(c, 5s), 5s);
}

TEST(AudioDuplex, ChangeOfTheDatagramKeysIsNotHeard) {
  Case c;
  c.delay = 4ms;
  c.jitter = 2ms;
  c.playout = 3ms;
  const Duration length = session::kKeyLifetime + 3s;
  expect_exact(run(c, length), length);
}

TEST(AudioDuplex, LossNeverLeavesAnIsochronousUrbUnanswered) {
  Case c;
  c.delay = 4ms;
  c.jitter = 4ms;
  c.loss = 0.2;
  c.playout = 5ms;
  const auto outcome = run(c, 5s);
  EXPECT_TRUE(outcome.violations.empty());
  EXPECT_LT(outcome.longest_wait, 70ms);
  EXPECT_TRUE(outcome.is_clean_end);
}

}  // namespace
}  // namespace usbgw::simulation
