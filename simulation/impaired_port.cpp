#include "simulation/impaired_port.h"

#include <array>

namespace usbgw::simulation {

std::size_t ImpairedPort::receive(std::span<session::ReceivedDatagram> burst, Instant now) {
  std::array<session::ReceivedDatagram, 32> fresh;
  const std::size_t got = inner_.receive(fresh, now);
  for (const session::ReceivedDatagram& datagram : std::span(fresh).first(got)) {
    if (const auto arrival = impairment_.deliver_at(now))
      arriving_.push(*arrival, datagram.from, datagram.payload);
  }
  inner_.release();
  lent_.resize(burst.size());
  std::size_t count = 0;
  while (count < burst.size() && arriving_.pop(now, lent_[count])) ++count;
  lent_.resize(count);
  for (std::size_t i = 0; i < count; ++i) burst[i] = {lent_[i].from, lent_[i].bytes};
  return count;
}

void ImpairedPort::release() {
  for (Flying& flying : lent_) arriving_.recycle(std::move(flying));
  lent_.clear();
}

}  // namespace usbgw::simulation
