#include "simulation/iso_endpoint.h"

namespace usbgw::simulation {

void IsoEndpoint::stop() {
  if (!is_running_) return;
  is_running_ = false;
  for (const std::uint32_t seqnum : in_flight_) device_.unlink(seqnum);
}

void IsoEndpoint::submit(std::span<const std::uint32_t> packets, std::vector<std::byte> data,
                         Instant now) {
  ModelUrb urb;
  urb.length = static_cast<std::uint32_t>(data.size());
  urb.data = std::move(data);
  submit(std::move(urb), packets, now);
}

void IsoEndpoint::submit(std::span<const std::uint32_t> packets, std::uint32_t buffer_bytes,
                         Instant now) {
  ModelUrb urb;
  urb.length = buffer_bytes;
  submit(std::move(urb), packets, now);
}

void IsoEndpoint::submit(ModelUrb&& urb, std::span<const std::uint32_t> packets, Instant now) {
  urb.endpoint = address_;
  std::uint32_t offset = 0;
  for (const std::uint32_t length : packets) {
    urb.packets.push_back({offset, length, 0, UrbStatus::ok});
    offset += length;
  }
  in_flight_.insert(device_.submit(std::move(urb), now));
}

bool IsoEndpoint::take(const ModelUrb& urb) {
  in_flight_.erase(urb.seqnum);
  if (!is_running_ || urb.unlinked) return false;
  switch (urb.status) {
    case UrbStatus::not_found:
    case UrbStatus::no_device:
    case UrbStatus::connection_reset:
    case UrbStatus::shutdown:
      return false;
    default:
      return true;
  }
}

}  // namespace usbgw::simulation
