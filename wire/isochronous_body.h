// What a source symbol of an isochronous stream contains. Opaque to the datagram session and to
// fec/, which repairs it whole; written and read by the USB sides.
//
// offset  type   field                                                      (network byte order)
//  0      u32    index of the first interval, low 32 bits
//  4      u64    stamp: sender's CLOCK_MONOTONIC_RAW in ns. IN: when the last interval here
//                completed; OUT: when the URB was written: the later writing of an interval counts
// 12      u8     count of intervals, 1..kMaxIntervals
// 13      u8     flags: bit 0 fragment, bit 1 last fragment, bit 2 history is uniform,
//                bit 3 IN: with the first interval here a transfer of the agent begins
// 14      u16    fragment: offset of this payload inside the one interval; else 0
// 16      u8     history: number of preceding intervals whose lengths are repeated, 0..kMaxHistory
// 17      count times: u16 length (a fragment states the whole interval's), u8 state
//  .      u16 each, or one u16 if uniform: history, oldest first
//  .      payload: the intervals' bytes back to back
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "common/ids.h"
#include "common/timeline.h"
#include "wire/wire_error.h"

namespace usbgw::wire {

inline constexpr std::size_t kMaxIntervals = 64;
inline constexpr std::size_t kMaxHistory = 16;
inline constexpr std::size_t kIsochronousFixed = 17;

enum class IntervalState : std::uint8_t {
  ok = 0,
  device_gap = 1,  // the bus ran on without data: nothing was transferred in this interval
  error = 2,       // the device's packet was damaged; length counts what came
};

struct Interval {
  std::uint16_t length = 0;
  IntervalState state = IntervalState::ok;
  bool operator==(const Interval&) const = default;
};

struct IsochronousBody {
  std::uint32_t first_index = 0;
  Instant stamp{};
  std::uint8_t count = 0;
  bool is_fragment = false;
  bool is_last_fragment = false;
  bool begins_transfer = false;
  std::uint16_t fragment_offset = 0;
  std::uint8_t history_count = 0;
  std::array<Interval, kMaxIntervals> intervals{};
  // Lengths of the intervals before first_index, oldest first.
  std::array<std::uint16_t, kMaxHistory> history{};
  std::span<const std::byte> payload;

  // Refuses truncation, count 0 or above the limits, unknown flags or states, a device gap with
  // bytes, a payload whose size is not the sum of the lengths (or, for a fragment, does not lie
  // inside its interval; the last one ends it).
  [[nodiscard]] static WireResult<IsochronousBody> decode(std::span<const std::byte> bytes);
};

// Bytes before the payload for these counts, with the history uniform or not.
[[nodiscard]] std::size_t isochronous_overhead(std::size_t count, std::size_t history,
                                               bool uniform);

// Writes everything (payload included) and gives the size; too_large when it does not fit `to`.
[[nodiscard]] WireResult<std::size_t> encode(const IsochronousBody& body, std::span<std::byte> to);

}  // namespace usbgw::wire
