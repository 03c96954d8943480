// What the datagram session has measured about the path to its peer.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/timeline.h"

namespace usbgw {

// Which of a session's paths: the one that it began with, or the second one that both ends have.
enum class PathId : std::uint8_t { first = 0, second = 1 };
inline constexpr std::size_t kMaxPaths = 2;
[[nodiscard]] constexpr std::size_t index_of(PathId path) {
  return static_cast<std::size_t>(path);
}
[[nodiscard]] constexpr PathId other(PathId path) {
  return path == PathId::first ? PathId::second : PathId::first;
}

// The two offsets compare clocks of two machines and are meaningless alone; a peer's stamp t
// reaches us over the fastest path at t + inbound_offset on our clock, and what we send at local
// time s reaches the peer at s + outbound_offset on its clock. Their sum is the minimum round trip,
// so nothing here assumes a symmetric path. Both follow the slow drift between the two clocks.
struct PathEstimate {
  bool valid = false;
  Duration inbound_offset{};   // min(local receive - peer send)
  Duration outbound_offset{};  // min(peer receive - local send)
  Duration round_trip_min{};
  Duration round_trip_smoothed{};
  // Of the inbound one-way delay over the last 10 s, peak to peak, as far as it is certain: without
  // the time that a datagram may have lain in our port.
  Duration jitter{};

  // One-way delay of the fastest path, half of the minimum round trip.
  [[nodiscard]] Duration base() const { return round_trip_min / 2; }
};

}  // namespace usbgw
