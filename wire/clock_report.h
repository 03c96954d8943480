// The agent's report on one isochronous stream: its bus clock, and for OUT how the data came in
// time. Unnumbered, newest wins; at least 250 a second for OUT streams.
//
// offset  type  field                                                     (network byte order)
//  0      u32   index of a completed interval, low 32 bits
//  4      u64   stamp: agent's CLOCK_MONOTONIC_RAW in ns when that interval completed
// 12      u32   submitted ahead: ns between an interval's submission to the bus and its completion
// 16      s32   least margin since the last report: ns by which data came before its submission
//               (negative: late; 2^31 - 1: no data came)
// 20      u32   intervals, since the stream opened, whose data came too late
// 24      u32   intervals, since the stream opened, that went out as silence for want of data
// Durations beyond their field saturate.
#pragma once

#include <cstdint>
#include <span>

#include "common/timeline.h"
#include "wire/wire_error.h"

namespace usbgw::wire {

inline constexpr std::size_t kClockReportBytes = 28;

struct ClockReport {
  // Of a report since whose last one no data came.
  static constexpr Duration kNoMargin = Duration{INT32_MAX};

  std::uint32_t index = 0;
  Instant stamp{};
  Duration submitted_ahead{};
  Duration least_margin{};
  std::uint32_t late = 0;
  std::uint32_t missing = 0;
  [[nodiscard]] bool has_margin() const { return least_margin < kNoMargin; }
  bool operator==(const ClockReport&) const = default;
  [[nodiscard]] static WireResult<ClockReport> decode(std::span<const std::byte> bytes);
};

// Writes kClockReportBytes.
[[nodiscard]] WireResult<std::size_t> encode(const ClockReport& report, std::span<std::byte> to);

}  // namespace usbgw::wire
