// A software audio device and a driver model with an AudioTap at each.
#pragma once

#include <memory>

#include "simulation/audio_tap.h"
#include "usbside/device/software/audio_descriptors.h"
#include "usbside/device/software/audio_function.h"
#include "usbside/device/software/catalogue.h"

namespace usbgw::simulation {

class TappedFunction final : public device::software::Function {
 public:
  using ServiceInterval = device::software::ServiceInterval;

  TappedFunction(const device::software::DeviceOptions& options, AudioTap& tap)
      : function_(*device::software::make_function(options)),
        tap_(tap),
        interval_(function_->description().speed == Speed::high ? std::chrono::microseconds(125)
                                                                : std::chrono::milliseconds(1)) {}

  [[nodiscard]] device::software::AudioFunction& audio() {
    return dynamic_cast<device::software::AudioFunction&>(*function_);
  }

  [[nodiscard]] const device::software::Description& description() const override {
    return function_->description();
  }
  [[nodiscard]] device::software::Handshake control(const SetupPacket& setup,
                                                    std::span<std::byte> data,
                                                    Instant now) override {
    return function_->control(setup, data, now);
  }
  void set_interface(std::uint8_t interface, std::uint8_t alternate, Instant now) override {
    function_->set_interface(interface, alternate, now);
  }
  void iso_start(EndpointAddress endpoint, ServiceInterval interval) override {
    function_->iso_start(endpoint, interval);
  }
  void iso_stop(EndpointAddress endpoint) override { function_->iso_stop(endpoint); }
  [[nodiscard]] std::size_t iso_in(EndpointAddress endpoint, std::span<std::byte> room,
                                   ServiceInterval interval) override {
    const std::size_t bytes = function_->iso_in(endpoint, room, interval);
    if (endpoint == device::software::kAudioIn)
      tap_.device_sent(room.first(bytes), interval.index, interval.begin + interval_);
    return bytes;
  }
  void iso_out(EndpointAddress endpoint, std::span<const std::byte> packet,
               ServiceInterval interval) override {
    if (endpoint == device::software::kAudioOut)
      tap_.device_heard(packet, interval.begin + interval_);
    function_->iso_out(endpoint, packet, interval);
  }
  void iso_starved(EndpointAddress endpoint, ServiceInterval interval) override {
    if (endpoint != device::software::kAudioFeedback)
      tap_.device_starved(endpoint.is_in(), interval.begin + interval_);
    function_->iso_starved(endpoint, interval);
  }
  [[nodiscard]] std::string statistics() const override { return function_->statistics(); }
  [[nodiscard]] std::string summary() const override { return function_->summary(); }

 private:
  std::unique_ptr<device::software::Function> function_;
  AudioTap& tap_;
  Duration interval_;
};

class TappedDriver final : public DriverModel {
 public:
  TappedDriver(DriverModel& driver, AudioTap& tap) : driver_(driver), tap_(tap) {}
  void configured(DeviceModel& device, const wire::Configuration& configuration,
                  Instant now) override {
    driver_.configured(device, configuration, now);
  }
  void completed(DeviceModel& device, ModelUrb&& urb, Instant now) override {
    tap_.completed(urb, now);
    driver_.completed(device, std::move(urb), now);
  }
  void disconnected(Instant now) override { driver_.disconnected(now); }
  std::size_t turn(DeviceModel& device, Instant now) override { return driver_.turn(device, now); }
  [[nodiscard]] Instant next_deadline() const override { return driver_.next_deadline(); }

 private:
  DriverModel& driver_;
  AudioTap& tap_;
};

}  // namespace usbgw::simulation
