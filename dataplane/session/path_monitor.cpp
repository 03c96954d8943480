#include "dataplane/session/path_monitor.h"

#include <algorithm>

namespace usbgw::session {
namespace {

using namespace std::chrono_literals;

// Before the first answer: often enough to notice the peer at once, for 2 s.
constexpr Duration kFirstGap = 20ms;
constexpr std::uint32_t kFirstPings = 100;
// After it: a burst, so that the minimum is one of several within about two round trips.
constexpr std::uint32_t kBurst = 8;
constexpr Duration kBurstGap = 2500us;
constexpr std::uint64_t kAnswersToBeValid = 4;
// A peer that shares its core may sleep this long between turns.
constexpr Duration kMinVariation = 2ms;
constexpr Duration kTimeoutBeforeAnswers = 50ms;
constexpr Duration kLeastMargin = 100us;

}  // namespace

Duration PathMonitor::gap_after_ping() const {
  if (answers_ == 0) return next_id_ < kFirstPings ? kFirstGap : ping_interval_;
  return burst_left_ > 0 ? kBurstGap : ping_interval_;
}

wire::PingRecord PathMonitor::take_ping(Instant now) {
  wire::PingRecord ping{next_id_++, now, inbound_minimum(now), PathId::first};
  open_[ping.id % kOpenPings] = {ping.id, now, true};
  if (burst_left_ > 0) --burst_left_;
  next_ping_ = now + gap_after_ping();
  return ping;
}

wire::PongRecord PathMonitor::take_pong(Instant now) {
  wire::PongRecord pong = pongs_[0];
  std::move(pongs_.begin() + 1, pongs_.begin() + static_cast<std::ptrdiff_t>(pong_count_),
            pongs_.begin());
  --pong_count_;
  pong.sent = now;
  pong.offset = inbound_minimum(now);
  return pong;
}

void PathMonitor::receive(const wire::PingRecord& ping, Instant now, Instant came_after) {
  sample_inbound(ping.sent, ping.offset, now, came_after);
  if (pong_count_ == kPendingPongs) return;  // a flood; the peer's pings are only worth so much
  pongs_[pong_count_++] = {ping.id, ping.sent, now, {}, {}, PathId::first};
}

void PathMonitor::receive(const wire::PongRecord& pong, Instant now, Instant came_after) {
  SentPing& ping = open_[pong.id % kOpenPings];
  if (!ping.is_open || ping.id != pong.id || ping.sent != pong.ping_sent ||
      pong.sent < pong.ping_received)
    return;
  ping.is_open = false;
  answered_ = now;
  if (answers_++ == 0) {
    burst_left_ = kBurst;
    next_ping_ = now;
  }
  sample_round_trip(std::max(Duration{}, (now - ping.sent) - (pong.sent - pong.ping_received)));
  sample_inbound(pong.sent, pong.offset, now, came_after);
}

// RFC 6298, 2.2 and 2.3.
void PathMonitor::sample_round_trip(Duration round_trip) {
  Duration& smoothed = estimate_.round_trip_smoothed;
  if (answers_ == 1) {
    smoothed = round_trip;
    round_trip_variation_ = round_trip / 2;
    return;
  }
  const Duration error = round_trip > smoothed ? round_trip - smoothed : smoothed - round_trip;
  round_trip_variation_ += (error - round_trip_variation_) / 4;
  smoothed += (round_trip - smoothed) / 8;
}

void PathMonitor::sample_inbound(Instant peer_sent, std::optional<Duration> feedback, Instant now,
                                 Instant came_after) {
  inbound_.add(now, now - peer_sent, std::max(now - came_after, Duration{}));
  if (feedback) outbound_ = feedback;
  if (!outbound_) return;
  estimate_.inbound_offset = inbound_.minimum(now);
  estimate_.outbound_offset = *outbound_;
  estimate_.round_trip_min =
      std::max(Duration{}, estimate_.inbound_offset + estimate_.outbound_offset);
  estimate_.jitter = inbound_.spread(now);
  estimate_.valid = answers_ >= kAnswersToBeValid;
}

std::optional<Duration> PathMonitor::inbound_minimum(Instant now) const {
  if (inbound_.empty()) return std::nullopt;
  return inbound_.minimum(now);
}

Duration PathMonitor::round_trip_bound() const {
  return std::max(estimate_.round_trip_smoothed + 4 * round_trip_variation_,
                  estimate_.round_trip_min) +
         kLeastMargin;
}

Duration PathMonitor::retransmit_timeout() const {
  if (answers_ == 0) return kTimeoutBeforeAnswers;
  return estimate_.round_trip_smoothed + std::max(kMinVariation, 4 * round_trip_variation_);
}

}  // namespace usbgw::session
