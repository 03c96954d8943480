#include "benchmarks/timing/local_audio.h"

#include <algorithm>

#include "usbside/device/software/usbip_peer.h"

namespace usbgw::benchmarks {

struct LocalAudio::Bus {
  Bus(device::software::Function& function, simulation::DriverModel& driver, Instant start,
      double ppm)
      : device(function.description().speed, driver), peer(function, {ppm, start}) {}
  simulation::DeviceModel device;
  device::software::UsbipPeer peer;
};

LocalAudio::LocalAudio(const simulation::AudioCase& audio, simulation::AudioProgram& program)
    : options_(options_of(audio)),
      function_(options_, tap_),
      driver_(pcm_of(audio), program),
      tapped_driver_(driver_, tap_),
      bus_(std::make_unique<Bus>(function_, tapped_driver_, clock_.now(), audio.bus_ppm)) {}

LocalAudio::~LocalAudio() = default;

// What is due happens at once: a host controller's interrupt, no thread between it and the driver.
void LocalAudio::run_for(Duration duration) {
  const Instant end = clock_.now() + duration;
  while (true) {
    const Instant now = clock_.now();
    bool has_work = true;
    while (has_work) {
      has_work = bus_->device.turn(now) > 0;
      while (bus_->device.has_commands()) {
        const auto room = bus_->peer.room();
        bus_->peer.commit(bus_->device.take_commands(room));
        const auto processed = bus_->peer.process(now);
        USBGW_ASSERT(processed.has_value());
        has_work = true;
      }
      bus_->peer.advance(now);
      const auto output = bus_->peer.output();
      if (output.empty()) continue;
      const std::vector<std::byte> replies(output.begin(), output.end());
      bus_->peer.written(output.size());
      bus_->device.give_replies(replies, now);
      has_work = true;
    }
    const Instant next = std::min(bus_->peer.next_deadline(), bus_->device.next_deadline());
    if (next >= end) break;
    clock_.advance_to(std::max(next, now));
  }
  clock_.advance_to(end);
}

}  // namespace usbgw::benchmarks
