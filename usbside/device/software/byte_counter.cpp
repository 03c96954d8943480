#include "usbside/device/software/byte_counter.h"

#include <algorithm>
#include <optional>

#include "common/byte_order.h"

namespace usbgw::device::software {
namespace {

constexpr std::uint64_t kWord = 8;

std::byte byte_at(std::uint64_t position) {
  return static_cast<std::byte>(position / kWord >> position % kWord * 8);
}

// Where in the stream the window begins, if it shows two words that follow each other.
template <std::size_t Size>
std::optional<std::uint64_t> place_of(const std::array<std::byte, Size>& window) {
  for (std::size_t at = 0; at < kWord; ++at) {
    const auto word = load_le<std::uint64_t>(window.data() + at);
    const auto next = load_le<std::uint64_t>(window.data() + at + kWord);
    // A count that no test reaches is chance.
    if (next != word + 1 || word >> 48 != 0 || word * kWord < at) continue;
    return word * kWord - at;
  }
  return std::nullopt;
}

}  // namespace

void ByteCounter::fill(std::span<std::byte> bytes) {
  for (std::byte& each : bytes) each = byte_at(position_++);
}

ByteJudge::Counters ByteJudge::counters() const {
  Counters all = counters_;
  all.altered += unsure_count_;
  return all;
}

void ByteJudge::take(std::span<const std::byte> bytes) {
  counters_.bytes += bytes.size();
  for (const std::byte each : bytes) {
    if (unsure_count_ == 0 && each == byte_at(expected_)) {
      ++expected_;
      continue;
    }
    unsure_[unsure_count_++] = each;
    if (unsure_count_ == kWindow) resolve();
  }
}

void ByteJudge::resolve() {
  unsure_count_ = 0;
  const auto place = place_of(unsure_);
  const auto window = unsure_;
  if (!place) {
    // The first byte is altered; the others are looked at again.
    ++counters_.altered;
    ++expected_;
    for (std::size_t i = 1; i < kWindow; ++i) {
      if (unsure_count_ == 0 && window[i] == byte_at(expected_)) {
        ++expected_;
      } else {
        unsure_[unsure_count_++] = window[i];
      }
    }
    return;
  }
  if (*place > expected_) counters_.lost += *place - expected_;
  if (*place < expected_) counters_.repeated += expected_ - *place;
  expected_ = *place;
  for (const std::byte each : window) {
    if (each != byte_at(expected_)) ++counters_.altered;
    ++expected_;
  }
}

}  // namespace usbgw::device::software
