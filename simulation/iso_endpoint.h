// One isochronous endpoint of a modelled driver and the URBs it has in flight.
#pragma once

#include <set>
#include <span>
#include <vector>

#include "simulation/usb_core_model.h"

namespace usbgw::simulation {

class IsoEndpoint {
 public:
  IsoEndpoint(DeviceModel& device, EndpointAddress address) : device_(device), address_(address) {}

  void start() { is_running_ = true; }
  // Nothing is submitted any more; what is in flight is unlinked.
  void stop();
  [[nodiscard]] bool is_running() const { return is_running_; }
  [[nodiscard]] bool is_idle() const { return in_flight_.empty(); }

  // Packets of these lengths one behind the other. OUT: `data` holds them. IN: `buffer_bytes` long.
  void submit(std::span<const std::uint32_t> packets, std::vector<std::byte> data, Instant now);
  void submit(std::span<const std::uint32_t> packets, std::uint32_t buffer_bytes, Instant now);

  [[nodiscard]] bool owns(const ModelUrb& urb) const { return urb.endpoint == address_; }
  // The URB is back. True: the driver has to handle it (snd_complete_urb of endpoint.c: the stream
  // runs, and the URB was not given back because it or its device went away).
  [[nodiscard]] bool take(const ModelUrb& urb);

 private:
  void submit(ModelUrb&& urb, std::span<const std::uint32_t> packets, Instant now);

  DeviceModel& device_;
  EndpointAddress address_;
  std::set<std::uint32_t> in_flight_;  // sequence numbers
  bool is_running_ = false;
};

}  // namespace usbgw::simulation
