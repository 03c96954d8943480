// The data of an isochronous OUT stream that has come and is not yet submitted, by interval index.
// Memory is bounded at construction.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "common/timeline.h"

namespace usbgw::device {

class OutWindow {
 public:
  OutWindow(std::size_t intervals, std::size_t packet_bytes)
      : packet_bytes_(packet_bytes), slots_(intervals), memory_(intervals * packet_bytes) {}

  // The first index that may still be filled.
  [[nodiscard]] std::int64_t next() const { return next_; }
  [[nodiscard]] bool holds(std::int64_t index) const {
    return index >= next_ && index < next_ + static_cast<std::int64_t>(slots_.size());
  }
  // How many intervals from next() to the last one that data came for.
  [[nodiscard]] std::int64_t pending() const { return std::max<std::int64_t>(end_ - next_, 0); }
  [[nodiscard]] bool is_empty() const { return pending() == 0; }
  struct Part {
    Instant written{};       // by the host; all fragments of one writing have the same
    std::size_t length = 0;  // the whole interval's
    std::size_t offset = 0;
    std::span<const std::byte> bytes;
  };
  // `index` must be held; `offset + bytes.size() <= length <= packet_bytes`. A driver that took its
  // URBs back writes their intervals anew: the later writing counts, whichever comes first.
  void put(std::int64_t index, const Part& part);
  // The interval's length, learnt from a later body's history.
  void learn(std::int64_t index, std::uint16_t length);

  enum class Knowledge : std::uint8_t { nothing, length_only, complete };
  struct Taken {
    Knowledge knowledge = Knowledge::nothing;
    std::size_t length = 0;
    std::span<const std::byte> bytes;  // valid until the next put()
  };
  // The interval next(), which then leaves the window. What was written before what has been taken
  // already was taken back by the driver, and not written again: nothing is known of it.
  [[nodiscard]] Taken take();
  // The next `intervals` leave the window unused.
  void skip(std::int64_t intervals);

 private:
  struct Slot {
    Knowledge knowledge = Knowledge::nothing;
    std::uint32_t length = 0;
    std::uint32_t received = 0;  // bytes of this writing; the session delivers each once
    Instant written{};
  };
  [[nodiscard]] std::size_t position(std::int64_t index) const {
    return static_cast<std::size_t>(index) % slots_.size();
  }

  std::size_t packet_bytes_;
  std::int64_t next_ = 0;
  std::int64_t end_ = 0;    // after the last one that data came for
  Instant newest_taken_{};  // its writing
  std::vector<Slot> slots_;
  std::vector<std::byte> memory_;
};

}  // namespace usbgw::device
