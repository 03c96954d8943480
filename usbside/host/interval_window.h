// The jitter window of an IN stream: one slot per interval, addressed by index. Bodies are filed as
// they come, in any order; fragments are put together; lengths that later bodies repeat are noted.
// A slot lives until an interval one window later takes it, so that concealment can look back.
// Fixed memory after construction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "common/stream_link.h"
#include "wire/isochronous_body.h"

namespace usbgw::host {

struct IntervalSlot {
  std::int64_t index = -1;
  std::uint32_t length = 0;    // true length, if known
  std::uint32_t received = 0;  // bytes here; a whole interval has received == length
  wire::IntervalState state = wire::IntervalState::ok;
  Provenance provenance = Provenance::direct;
  bool has_length = false;
  bool is_whole = false;
  bool is_decided = false;  // given to a URB
  std::uint32_t given = 0;  // bytes that the URB got, while the true length was not known
  bool was_guessed = false;
};

class IntervalWindow {
 public:
  // The worker makes it from what a device says of itself at each alternate setting: a bound, not
  // a trust. At high speed (3072 bytes an interval) it is 16384 intervals, two seconds.
  static constexpr std::size_t kMostBytes = std::size_t{48} << 20;
  static constexpr std::size_t kLeastIntervals = 64;

  // Holds `capacity` intervals (rounded up to a power of two) of up to `packet_bytes`, or as many
  // as kMostBytes takes: data further ahead is then not kept.
  IntervalWindow(std::size_t capacity, std::uint32_t packet_bytes);

  // The slot of this interval, cleared if an older one had it; null when a newer one has it.
  [[nodiscard]] IntervalSlot* touch(std::int64_t index);
  // The slot if this interval is in it.
  [[nodiscard]] IntervalSlot* find(std::int64_t index);
  [[nodiscard]] std::span<std::byte> bytes(const IntervalSlot& slot);

  // Bytes of one interval. False when they do not fit it or it has them already.
  [[nodiscard]] bool file(IntervalSlot& slot, const wire::Interval& interval, std::size_t offset,
                          std::span<const std::byte> payload, Provenance provenance);

  // Forgets every interval: their numbers mean something else from now on.
  void clear();

  [[nodiscard]] std::int64_t capacity() const { return static_cast<std::int64_t>(slots_.size()); }
  [[nodiscard]] std::uint32_t packet_bytes() const { return packet_bytes_; }

 private:
  [[nodiscard]] std::size_t position(std::int64_t index) const {
    return static_cast<std::size_t>(index) & (slots_.size() - 1);
  }
  std::uint32_t packet_bytes_;
  std::vector<IntervalSlot> slots_;
  std::vector<std::byte> bytes_;
};

}  // namespace usbgw::host
