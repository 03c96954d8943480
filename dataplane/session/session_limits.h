// Fixed limits of one session: nothing below grows after construction and stream opening.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "common/ip_mtu.h"
#include "common/timeline.h"
#include "fec/coefficients.h"
#include "fec/repair_encoder.h"
#include "wire/datagram.h"
#include "wire/records.h"

namespace usbgw::session {

inline constexpr std::size_t kMaxStreams = 64;  // each way
inline constexpr std::size_t kReplayWindow = 8192;
// Packets that one key may seal (RFC 9001, 6.6: 2^23 for AES-GCM); at half of it the receiver asks
// for the next key. Nothing is sent under a key that is spent.
inline constexpr std::uint64_t kMaxPacketsPerKey = std::uint64_t{1} << 23;
inline constexpr Duration kKeyLifetime = std::chrono::seconds(120);  // as WireGuard's
// How long datagrams under the key before may still be on their way.
inline constexpr Duration kKeyOverlap = std::chrono::seconds(10);
// Sources of one opening in which a duplicate is recognised: at 8000 a second, half a second.
inline constexpr std::size_t kDuplicateWindow = 4096;
// Sources of a reliable stream in flight; both ends use it, so that what is sent can be held.
inline constexpr std::size_t kReliableWindow = 64;
// Symbols of a timely stream that a receiver keeps for more to come.
inline constexpr std::size_t kWaitingRepairs = 32;
// Sources of a timely stream that a sender keeps for symbols over them and to send them again, and
// that a receiver asks for.
inline constexpr std::size_t kRepairHistory = 256;
// Symbols that a timely stream may owe at a time.
inline constexpr std::size_t kMaxOwedRepairs = 256;
// Loss reports: always, and soonest after another when something was lost.
inline constexpr Duration kReportInterval = std::chrono::milliseconds(100);
inline constexpr Duration kLossReportInterval = std::chrono::milliseconds(20);
// However a scheme is set, no source is kept for longer, or a stream that pauses would keep blocks.
inline constexpr Duration kMaxRepairAge = std::chrono::milliseconds(500);
inline constexpr std::size_t kMaxRecords = 32;
inline constexpr std::size_t kItemsPerTurn = 64;
// Smallest path payload that we fall back to: the least MTU less IPv6's and UDP's headers.
inline constexpr std::size_t kMinimumPayload = kMinimumMtu - 40 - 8;

// The widest record that repairs a source: its set, and the length that its symbol begins with.
inline constexpr std::size_t kRepairOverhead =
    wire::kRecordHeader + wire::kRepairFixed + (wire::kMaxRepairSet - 1) + 2;
inline constexpr std::size_t kSourceOverhead = wire::kRecordHeader + wire::kSourceFixed;

[[nodiscard]] constexpr std::size_t source_bytes_in(std::size_t payload) {
  constexpr std::size_t kOverhead = wire::kDatagramOverhead + kRepairOverhead;
  return payload > kOverhead ? payload - kOverhead : 0;
}

static_assert(kReliableWindow / 2 <= wire::kMaxAckRanges, "every pattern of gaps fits one ack");
static_assert(kMaxRecords < 64, "StreamLink lets at most 64 items share a block");
static_assert(kSourceOverhead <= kRepairOverhead, "what can be repaired can be sent");
static_assert(wire::kMaxRepairSet == fec::kMaxSet && wire::kRepairSpan == fec::kSpan &&
                  wire::kRepairRows == fec::kRows,
              "what a repair record can say is what fec/ can solve");

}  // namespace usbgw::session
