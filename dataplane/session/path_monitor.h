// Pings, pongs and what they say about the path. Both ends ping; every ping and pong carries its
// sender's minimum of the other direction, so each end knows both offsets.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "common/path_estimate.h"
#include "dataplane/session/sliding_offset.h"
#include "wire/records.h"

namespace usbgw::session {

struct RoundTrip {
  Duration least{};
  Duration smoothed{};
  Duration bound{};  // an answer that has not come by then is lost
};

class PathMonitor {
 public:
  explicit PathMonitor(Duration ping_interval) : ping_interval_(ping_interval) {}

  // It came between `came_after` and `now`.
  void receive(const wire::PingRecord& ping, Instant now, Instant came_after);
  void receive(const wire::PongRecord& pong, Instant now, Instant came_after);

  [[nodiscard]] bool has_pong() const { return pong_count_ > 0; }
  [[nodiscard]] bool has_ping(Instant now) const { return now >= next_ping_; }
  // Only after has_pong() or has_ping().
  [[nodiscard]] wire::PongRecord take_pong(Instant now);
  [[nodiscard]] wire::PingRecord take_ping(Instant now);
  [[nodiscard]] Instant next_deadline() const { return has_pong() ? Instant{} : next_ping_; }

  [[nodiscard]] const PathEstimate& estimate() const { return estimate_; }
  // Pings of ours that were answered: whether the path is alive.
  [[nodiscard]] std::uint64_t answers() const { return answers_; }
  // When the last answer came.
  [[nodiscard]] Instant answered() const { return answered_; }
  // Within which an answer to what is asked now comes, without room for a peer that sleeps.
  [[nodiscard]] Duration round_trip_bound() const;
  [[nodiscard]] RoundTrip round_trip() const {
    return {estimate_.round_trip_min, estimate_.round_trip_smoothed, round_trip_bound()};
  }
  // When to give an unanswered packet up (RFC 6298, 2, with a floor for a peer that sleeps).
  [[nodiscard]] Duration retransmit_timeout() const;

 private:
  struct SentPing {
    std::uint32_t id = 0;
    Instant sent{};
    bool is_open = false;
  };
  static constexpr std::size_t kOpenPings = 64;
  static constexpr std::size_t kPendingPongs = 16;

  void sample_round_trip(Duration round_trip);
  void sample_inbound(Instant peer_sent, std::optional<Duration> feedback, Instant now,
                      Instant came_after);
  [[nodiscard]] std::optional<Duration> inbound_minimum(Instant now) const;
  [[nodiscard]] Duration gap_after_ping() const;

  Duration ping_interval_;
  Instant next_ping_{};
  std::uint32_t next_id_ = 0;
  std::uint32_t burst_left_ = 0;
  std::uint64_t answers_ = 0;
  Instant answered_{};
  std::array<SentPing, kOpenPings> open_{};
  std::array<wire::PongRecord, kPendingPongs> pongs_{};  // ping fields filled in
  std::size_t pong_count_ = 0;
  SlidingOffset inbound_;
  std::optional<Duration> outbound_;  // the peer's latest word
  Duration round_trip_variation_{};
  PathEstimate estimate_;
};

}  // namespace usbgw::session
