// One duplex audio stream through the whole system under virtual time, watched at both ends.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "simulation/audio_driver_model.h"
#include "simulation/one_device.h"
#include "simulation/tapped_device.h"
#include "simulation/whole_system.h"

namespace usbgw::simulation {

struct AudioCase {
  std::string device = "uac2";
  std::uint32_t period = 64;
  std::uint32_t periods = 2;
  bool is_linked = false;  // the client: see PcmSettings
  Duration open_after{};
  double bus_ppm = 0;
  double crystal_ppm = 0;
  ImpairmentProfile network;                        // each way
  std::optional<ImpairmentProfile> second_network;  // a second path, each way
  MachineConfig machine;                            // agent and host
  host::PlayoutConfig playout;
  device::StreamTuning tuning;
  node::RepairConfig repair;
  std::uint64_t seed = 1;
};

// Of the case's device and client.
[[nodiscard]] device::software::DeviceOptions options_of(const AudioCase& audio);
[[nodiscard]] PcmSettings pcm_of(const AudioCase& audio);

// The agent's default, unless `transfer_us` is another.
[[nodiscard]] inline device::StreamTuning tuning_with(std::uint32_t transfer_us) {
  device::StreamTuning tuning;
  if (transfer_us > 0) tuning.transfer = std::chrono::microseconds(transfer_us);
  return tuning;
}

struct StreamFigures {
  Duration base{};
  Duration playout{};  // D of IN; D_out of OUT
  std::uint64_t raises = 0;
  std::uint64_t misses = 0;  // intervals that had no data when they were due
  std::uint64_t lead_in = 0;
  std::int64_t added_p50 = 0, added_p99 = 0, added_p999 = 0, added_max = 0;  // ns
  double clock_ppm = 0;
  host::IntervalAccount account;
};

struct AudioFigures {
  StreamFigures in, out;
  std::uint64_t feedback_concealed = 0;  // intervals; no samples
  Duration submit_ahead{};
  std::uint64_t playback_xruns = 0, capture_xruns = 0, urb_errors = 0;
  std::uint64_t breaks_in = 0, breaks_out = 0;  // places where the next frame was not the next
  std::uint64_t frames_in = 0, frames_out = 0;
  Duration longest_wait{};  // of an isochronous URB
  std::vector<std::string> violations;
  [[nodiscard]] std::uint64_t xruns() const { return playback_xruns + capture_xruns; }
  [[nodiscard]] std::uint64_t misses() const { return in.misses + out.misses; }
};

// A system that runs the case; the program is the caller's.
class AudioSystem {
 public:
  AudioSystem(const AudioCase& audio, AudioProgram& program);
  ~AudioSystem();

  void run_for(Duration duration) { system_->run_for(duration); }
  [[nodiscard]] AudioFigures figures();
  [[nodiscard]] AudioTap& tap() { return tap_; }
  [[nodiscard]] TappedFunction& function() { return function_; }
  [[nodiscard]] AudioDriverModel& driver() { return driver_; }
  [[nodiscard]] WholeSystem& system() { return *system_; }
  [[nodiscard]] Instant now() const { return clock_.now(); }

 private:
  AudioTap tap_{4};
  VirtualClock clock_;
  device::software::DeviceOptions options_;
  TappedFunction function_;
  OneDevice devices_;
  AudioDriverModel driver_;
  TappedDriver tapped_driver_;
  std::unique_ptr<WholeSystem> system_;
};

}  // namespace usbgw::simulation
