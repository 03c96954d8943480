// Lengths of the last intervals of a stream, as isochronous bodies repeat them.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "wire/isochronous_body.h"

namespace usbgw::device {

class IntervalHistory {
 public:
  void add(std::uint16_t length) {
    if (count_ == wire::kMaxHistory)
      std::copy(lengths_.begin() + 1, lengths_.end(), lengths_.begin());
    else
      ++count_;
    lengths_[count_ - 1u] = length;
  }
  void write_to(wire::IsochronousBody& body) const {
    body.history_count = count_;
    body.history = lengths_;
  }
  [[nodiscard]] std::size_t count() const { return count_; }

 private:
  std::array<std::uint16_t, wire::kMaxHistory> lengths_{};  // oldest first
  std::uint8_t count_ = 0;
};

}  // namespace usbgw::device
