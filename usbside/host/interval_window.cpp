#include "usbside/host/interval_window.h"

#include <algorithm>
#include <bit>

namespace usbgw::host {
namespace {

// As many intervals as fit the bound; never fewer than kLeastIntervals, which is 4 MiB at the
// longest interval that a descriptor can state.
std::size_t slots_for(std::size_t capacity, std::uint32_t packet_bytes) {
  const std::size_t most = IntervalWindow::kMostBytes / std::max(packet_bytes, 1u);
  return std::min(std::bit_ceil(capacity),
                  std::bit_floor(std::max(most, IntervalWindow::kLeastIntervals)));
}

}  // namespace

IntervalWindow::IntervalWindow(std::size_t capacity, std::uint32_t packet_bytes)
    : packet_bytes_(packet_bytes),
      slots_(slots_for(capacity, packet_bytes)),
      bytes_(slots_.size() * packet_bytes) {}

IntervalSlot* IntervalWindow::touch(std::int64_t index) {
  IntervalSlot& slot = slots_[position(index)];
  if (slot.index > index) return nullptr;
  if (slot.index < index) {
    slot = IntervalSlot{};
    slot.index = index;
  }
  return &slot;
}

IntervalSlot* IntervalWindow::find(std::int64_t index) {
  IntervalSlot& slot = slots_[position(index)];
  return slot.index == index ? &slot : nullptr;
}

std::span<std::byte> IntervalWindow::bytes(const IntervalSlot& slot) {
  return std::span(bytes_).subspan(position(slot.index) * packet_bytes_, packet_bytes_);
}

bool IntervalWindow::file(IntervalSlot& slot, const wire::Interval& interval, std::size_t offset,
                          std::span<const std::byte> payload, Provenance provenance) {
  if (slot.is_whole || interval.length > packet_bytes_) return false;
  if (offset > interval.length || payload.size() > interval.length - offset) return false;
  if (slot.has_length && slot.received > 0 && slot.length != interval.length) return false;
  std::copy(payload.begin(), payload.end(),
            bytes(slot).begin() + static_cast<std::ptrdiff_t>(offset));
  slot.length = interval.length;
  slot.has_length = true;
  slot.state = interval.state;
  slot.received += static_cast<std::uint32_t>(payload.size());
  slot.is_whole = slot.received >= slot.length;
  // A mixed interval counts as what it needed most.
  slot.provenance = std::max(slot.provenance, provenance);
  return true;
}

void IntervalWindow::clear() {
  std::fill(slots_.begin(), slots_.end(), IntervalSlot{});
}

}  // namespace usbgw::host
