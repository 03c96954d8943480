// Cuts a run of completed intervals into source symbols: as many intervals as fit one, and an
// interval that fits none into fragments.
#pragma once

#include <cstdint>
#include <span>

#include "usbside/device/interval_history.h"
#include "wire/isochronous_body.h"

namespace usbgw::device {

class IntervalPacker {
 public:
  // `capacity`: largest body.
  IntervalPacker(Duration interval, std::size_t capacity)
      : interval_(interval), capacity_(capacity) {}
  // A body must hold at least one byte of payload beside its history.
  [[nodiscard]] static bool is_enough(std::size_t capacity) {
    return capacity > wire::isochronous_overhead(1, wire::kMaxHistory, false);
  }

  // What one transfer brought, or a gap before it. `data`: the intervals' bytes back to back; the
  // last one ended at `end`. Calls `emit` with each body, in order.
  template <class Emit>
  void pack(std::int64_t first, std::span<const wire::Interval> intervals,
            std::span<const std::byte> data, Instant end, bool is_gap, Emit&& emit) {
    const std::int64_t begin = first;
    while (!intervals.empty()) {
      const std::size_t count = fitting(intervals);
      auto body = body_at(first, intervals, std::max<std::size_t>(count, 1), end);
      body.begins_transfer = first == begin && !is_gap;
      if (count == 0)
        emit_fragments(body, intervals[0].length, data, emit);
      else
        emit_whole(body, data, emit);
      const std::size_t taken = std::max<std::size_t>(count, 1);
      for (const auto& interval : intervals.first(taken)) {
        data = data.subspan(interval.length);
        history_.add(interval.length);
      }
      first += static_cast<std::int64_t>(taken);
      intervals = intervals.subspan(taken);
    }
  }

 private:
  // How many of the first intervals one body holds.
  [[nodiscard]] std::size_t fitting(std::span<const wire::Interval> intervals) const;
  [[nodiscard]] wire::IsochronousBody body_at(std::int64_t first,
                                              std::span<const wire::Interval> intervals,
                                              std::size_t count, Instant end) const;

  template <class Emit>
  void emit_whole(wire::IsochronousBody& body, std::span<const std::byte> data, Emit&& emit) const {
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < body.count; ++i) bytes += body.intervals[i].length;
    body.payload = data.first(bytes);
    emit(body);
  }

  template <class Emit>
  void emit_fragments(wire::IsochronousBody& body, std::size_t whole,
                      std::span<const std::byte> data, Emit&& emit) const {
    const std::size_t each = capacity_ - wire::isochronous_overhead(1, history_.count(), false);
    body.is_fragment = true;
    for (std::size_t at = 0; at < whole; at += each) {
      const std::size_t size = std::min(each, whole - at);
      body.fragment_offset = static_cast<std::uint16_t>(at);
      body.is_last_fragment = at + size == whole;
      body.payload = data.subspan(at, size);
      emit(body);
    }
  }

  Duration interval_;
  std::size_t capacity_;
  IntervalHistory history_;
};

}  // namespace usbgw::device
