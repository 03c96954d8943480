// One audio device of a chosen format, driven both ways through the whole system, on a path with
// jitter; both ends judge every frame.
#pragma once

#include <gtest/gtest.h>

#include <optional>

#include "simulation/audio_driver_model.h"
#include "simulation/whole_system.h"
#include "tests/simulation/counter_program.h"
#include "tests/simulation/single_device.h"
#include "usbside/device/software/audio_function.h"

namespace usbgw::simulation::test {

using namespace std::chrono_literals;
using device::software::AudioClass;
using device::software::AudioFunction;
using device::software::AudioOptions;
using device::software::Synchronisation;

struct Format {
  const char* name;
  AudioClass audio_class = AudioClass::uac2;
  Synchronisation synchronisation = Synchronisation::explicit_feedback;
  std::uint32_t rate = 48000;
  int channels = 2;
  int interval_exponent = 0;
  std::uint32_t period = 128;  // frames at 48 kHz
  double crystal_ppm = 0;
  double bus_ppm = 0;
};

inline void PrintTo(const Format& format, std::ostream* out) {
  *out << format.name;
}

inline AudioOptions options_of(const Format& format) {
  AudioOptions options;
  options.audio_class = format.audio_class;
  options.synchronisation = format.synchronisation;
  options.rate = format.rate;
  options.channels = format.channels;
  options.interval_exponent = format.interval_exponent;
  options.crystal_ppm = format.crystal_ppm;
  return options;
}

inline std::unique_ptr<device::software::Function> make_audio(const AudioOptions& options) {
  device::software::Identity identity;
  identity.product_name = "audio";
  auto description = device::software::describe_audio(options, identity);
  EXPECT_TRUE(description) << description.error().context;
  return std::make_unique<AudioFunction>(options, std::move(*description));
}

inline device::software::DeviceOptions named(double bus_ppm) {
  device::software::DeviceOptions options;
  options.name = "audio";
  options.bus_ppm = bus_ppm;
  return options;
}

inline PcmSettings pcm_of(const Format& format, std::uint32_t rate) {
  PcmSettings pcm;
  pcm.rate = rate;
  pcm.period_frames = static_cast<std::uint32_t>(std::uint64_t{format.period} * rate / 48000);
  return pcm;
}

struct AudioRig {
  AudioRig(const Format& format, const AudioOptions& options, host::PlayoutConfig playout,
           SystemConfig config = {})
      : devices(named(format.bus_ppm), make_audio(options)),
        program(static_cast<std::size_t>(format.channels) * 2),
        driver(pcm_of(format, options.rate), program) {
    config.device = "software:audio";
    config.to_host = config.to_agent = {1ms, 1ms, false, 0, 0, {}};
    config.control_delay = 1ms;
    config.playout = playout;
    system.emplace(config, clock, devices, driver);
  }
  static host::PlayoutConfig fixed(Duration playout) {
    return {host::PlayoutMode::fixed, playout, 50ms};
  }
  AudioFunction& function() { return devices.function<AudioFunction>(); }
  void stop() {
    driver.stop(*driver.device(), clock.now());
    system->run_for(100ms);
  }
  void expect_exact(double seconds, std::uint32_t rate) {
    const auto frames = static_cast<std::uint64_t>(seconds * rate);
    EXPECT_GT(driver.frames_recorded(), frames * 8 / 10);
    EXPECT_GT(driver.frames_played(), frames * 8 / 10);
    EXPECT_EQ(program.breaks(), 0u);
    EXPECT_EQ(function().judge().inside.total(), 0u);
    EXPECT_EQ(driver.playback_xruns(), 0u);
    EXPECT_EQ(driver.capture_xruns(), 0u);
    EXPECT_EQ(driver.urb_errors(), 0u);
  }
  void expect_clean_end() {
    EXPECT_TRUE(system->shut_down(5s));
    const auto violations = system->vhci().violations();
    EXPECT_TRUE(violations.empty()) << violations.front();
  }

  SingleDevice devices;
  CounterProgram program;
  AudioDriverModel driver;
  VirtualClock clock;
  std::optional<WholeSystem> system;
};

inline constexpr auto kUac1 = AudioClass::uac1;
inline constexpr auto kUac2 = AudioClass::uac2;
inline constexpr auto kExplicit = Synchronisation::explicit_feedback;
inline constexpr auto kImplicit = Synchronisation::implicit_feedback;
inline constexpr auto kAdaptive = Synchronisation::adaptive;
inline constexpr auto kSynchronous = Synchronisation::synchronous;

}  // namespace usbgw::simulation::test
