#include "simulation/memory_port.h"

#include <algorithm>
#include <utility>

namespace usbgw::simulation {

void MemoryPort::join(MemoryPort& a, MemoryPort& b, Impairment& to_b, Impairment& to_a) {
  a.peer_ = &b;
  b.peer_ = &a;
  a.outgoing_ = &to_b;
  b.outgoing_ = &to_a;
}

std::size_t MemoryPort::receive(std::span<session::ReceivedDatagram> burst, Instant now) {
  return arriving_.receive(burst, now);
}

std::span<std::byte> MemoryPort::reserve(const UdpEndpoint& to, Instant now) {
  if (peer_ == nullptr || to != peer_->local_) return {};
  scratch_.resize(max_payload_);
  reserved_at_ = now;
  return scratch_;
}

void MemoryPort::commit(std::size_t bytes, qos::TrafficClass) {
  ++committed_;
  bytes_sent_ += bytes;
  largest_sent_ = std::max(largest_sent_, bytes);
  peer_->arriving_.push(outgoing_->fate_of(reserved_at_), local_, std::span(scratch_).first(bytes));
}

std::size_t MemoryPort::flush(Instant) {
  return std::exchange(committed_, 0);
}

std::size_t MemoryPort::max_payload(const UdpEndpoint&) const {
  return max_payload_;
}

}  // namespace usbgw::simulation
