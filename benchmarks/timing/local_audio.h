// A client of the sound driver on a bus of its own machine: the driver model straight at the
// device, under virtual time. What no gateway is better than.
#pragma once

#include <memory>

#include "simulation/audio_system.h"

namespace usbgw::benchmarks {

class LocalAudio {
 public:
  LocalAudio(const simulation::AudioCase& audio, simulation::AudioProgram& program);
  ~LocalAudio();
  void run_for(Duration duration);
  [[nodiscard]] simulation::AudioTap& tap() { return tap_; }
  [[nodiscard]] simulation::TappedFunction& function() { return function_; }
  [[nodiscard]] simulation::AudioDriverModel& driver() { return driver_; }

 private:
  struct Bus;
  simulation::AudioTap tap_{4};
  simulation::VirtualClock clock_;
  device::software::DeviceOptions options_;
  simulation::TappedFunction function_;
  simulation::AudioDriverModel driver_;
  simulation::TappedDriver tapped_driver_;
  std::unique_ptr<Bus> bus_;
};

}  // namespace usbgw::benchmarks
