#include "usbside/device/out_window.h"

#include <algorithm>

#include "common/assertion.h"

namespace usbgw::device {

void OutWindow::put(std::int64_t index, const Part& part) {
  USBGW_ASSERT(holds(index) && part.length <= packet_bytes_ &&
               part.offset + part.bytes.size() <= part.length);
  Slot& slot = slots_[position(index)];
  if (part.written < slot.written) return;
  if (part.written != slot.written) slot = {};
  if (slot.knowledge == Knowledge::complete) return;
  end_ = std::max(end_, index + 1);
  const auto room = std::span(memory_).subspan(position(index) * packet_bytes_, packet_bytes_);
  std::copy(part.bytes.begin(), part.bytes.end(),
            room.begin() + static_cast<std::ptrdiff_t>(part.offset));
  slot.written = part.written;
  slot.length = static_cast<std::uint32_t>(part.length);
  slot.received += static_cast<std::uint32_t>(part.bytes.size());
  slot.knowledge = slot.received >= part.length ? Knowledge::complete : Knowledge::length_only;
}

void OutWindow::learn(std::int64_t index, std::uint16_t length) {
  if (!holds(index) || length > packet_bytes_) return;
  Slot& slot = slots_[position(index)];
  if (slot.knowledge != Knowledge::nothing) return;
  slot.knowledge = Knowledge::length_only;
  slot.length = length;
}

OutWindow::Taken OutWindow::take() {
  Slot& slot = slots_[position(next_)];
  Taken taken;
  if (slot.written == Instant{} || slot.written >= newest_taken_)
    taken = {slot.knowledge, slot.length, {}};
  if (taken.knowledge == Knowledge::complete) {
    taken.bytes = std::span(memory_).subspan(position(next_) * packet_bytes_, slot.length);
    newest_taken_ = slot.written;
  }
  slot = {};
  ++next_;
  return taken;
}

void OutWindow::skip(std::int64_t intervals) {
  const auto stored = std::min<std::int64_t>(intervals, static_cast<std::int64_t>(slots_.size()));
  for (std::int64_t i = 0; i < stored; ++i) slots_[position(next_ + i)] = {};
  next_ += intervals;
}

}  // namespace usbgw::device
