// Stamps on the wire: u64 nanoseconds of the sender's CLOCK_MONOTONIC_RAW. Values from kNever up
// are refused, so that arithmetic on a peer's stamp cannot overflow.
#pragma once

#include <cstdint>
#include <optional>

#include "common/timeline.h"

namespace usbgw::wire {

[[nodiscard]] constexpr bool is_stamp(Instant time) {
  return time >= Instant{} && time < kNever;
}

[[nodiscard]] constexpr std::uint64_t stamp_to_wire(Instant time) {
  return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

[[nodiscard]] constexpr std::optional<Instant> stamp_from_wire(std::uint64_t ns) {
  if (ns >= static_cast<std::uint64_t>(kNever.time_since_epoch().count())) return std::nullopt;
  return Instant{Duration{static_cast<Duration::rep>(ns)}};
}

}  // namespace usbgw::wire
