// Clocks that differ: neither the device's buffer nor the agent's FIFO moves, whoever tells the
// driver how many samples the device takes.
#include <gtest/gtest.h>

#include <algorithm>
#include <tuple>

#include "simulation/audio_driver_model.h"
#include "simulation/whole_system.h"
#include "tests/simulation/counter_program.h"
#include "tests/simulation/single_device.h"
#include "usbside/device/software/audio_function.h"

namespace usbgw::simulation {
namespace {

using namespace std::chrono_literals;
using device::software::AudioFunction;

constexpr double kPpm = 100;

using Case = std::tuple<const char*, std::uint32_t, bool>;  // device, rate, the crystal is fast

class Levels : public ::testing::TestWithParam<Case> {};

TEST_P(Levels, StayWithinAMillisecondOfTheirStart) {
  const auto [name, rate, is_crystal] = GetParam();
  device::software::DeviceOptions options;
  options.name = name;
  options.rate = rate;
  (is_crystal ? options.crystal_ppm : options.bus_ppm) = kPpm;
  SingleDevice devices(options);
  CounterProgram program(4);
  PcmSettings pcm;
  pcm.rate = rate;
  AudioDriverModel driver(pcm, program);
  VirtualClock clock;
  SystemConfig config;
  config.device = std::string("software:") + name;
  config.to_host.delay = config.to_agent.delay = config.control_delay = 250us;
  config.playout.playout = 2ms;
  WholeSystem system(config, clock, devices, driver);
  // 100 ppm of a minute are 6 ms.
  system.run_for(60s);
  const auto* const status = system.status();
  ASSERT_NE(status, nullptr);
  int levels = 0;
  for (const auto& stream : status->streams) {
    if (!stream.agent_fifo) continue;
    ++levels;
    EXPECT_LE(stream.agent_fifo->most - stream.agent_fifo->start, 1ms);
    EXPECT_LE(stream.agent_fifo->start - stream.agent_fifo->least, 1ms);
  }
  EXPECT_EQ(levels, 1);
  const auto& function = devices.function<AudioFunction>();
  const auto frames = static_cast<std::int64_t>(rate / 1000);
  EXPECT_LE(function.out().fifo_max, frames);
  EXPECT_GE(function.out().fifo_min, -frames);
  EXPECT_EQ(function.judge().inside.total(), 0u);
  EXPECT_EQ(program.breaks(), 0u);
  EXPECT_EQ(driver.playback_xruns() + driver.capture_xruns(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Feedback, Levels,
                         ::testing::Combine(::testing::Values("uac2", "uac2-implicit"),
                                            ::testing::Values(44100u, 48000u), ::testing::Bool()),
                         [](const auto& param) {
                           std::string name = std::get<0>(param.param);
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name + "_" + std::to_string(std::get<1>(param.param)) +
                                  (std::get<2>(param.param) ? "_crystal" : "_bus");
                         });

}  // namespace
}  // namespace usbgw::simulation
