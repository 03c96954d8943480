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
  std::size_t count = 0;
  for (; count < burst.size(); ++count) {
    if (lent_.size() == count) lent_.emplace_back();
    if (!arriving_.pop(now, lent_[count])) break;
    burst[count] = {lent_[count].from, lent_[count].bytes};
  }
  lent_count_ = count;
  return count;
}

void ImpairedPort::release() {
  for (std::size_t i = 0; i < lent_count_; ++i) arriving_.recycle(std::move(lent_[i]));
  lent_count_ = 0;
}

}  // namespace usbgw::simulation
