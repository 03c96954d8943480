#include "simulation/impaired_port.h"

#include <array>

namespace usbgw::simulation {

std::size_t ImpairedPort::receive(std::span<session::ReceivedDatagram> burst, Instant now) {
  std::array<session::ReceivedDatagram, 32> fresh;
  const std::size_t got = inner_.receive(fresh, now);
  for (const session::ReceivedDatagram& datagram : std::span(fresh).first(got))
    arriving_.push(impairment_.fate_of(now), datagram.from, datagram.payload);
  inner_.release();
  return arriving_.receive(burst, now);
}

}  // namespace usbgw::simulation
