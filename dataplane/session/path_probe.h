// Finds the largest UDP payload that the path carries: padded probes upward, confirmed by answers;
// and probes of the size in use, whose silence while pings are answered means a black hole. Those
// are as large as what is sent, and often only while something large is: 9000 bytes take longer to
// seal, copy and open than a small period of audio leaves time for on a small machine.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "common/timeline.h"

namespace usbgw::session {

class PathProbe {
 public:
  // `initial` is in use until a probe has been answered; nothing above `most` is probed.
  PathProbe(std::size_t initial, std::size_t most);

  [[nodiscard]] std::size_t payload() const { return confirmed_; }
  // What the clock and the pings say: `answers` counts answered pings, `timeout` is how long an
  // answer may take. True when the payload was lowered.
  bool update(Instant now, std::uint64_t answers, Duration timeout);
  // Size to probe now, if one is due; the caller sends it, or calls again next turn.
  [[nodiscard]] std::optional<std::size_t> due(Instant now) const;
  void sent(Instant now);
  void answered(std::size_t size, Instant now);
  // The largest datagram of a turn, probes apart.
  void used(std::size_t size) { used_ = std::max(used_, size); }
  [[nodiscard]] Instant next_deadline() const { return deadline_; }

 private:
  enum class Goal : std::uint8_t { raise, verify };

  void plan(Instant now);
  void plan_verification(Instant now);
  void give_up(Instant now);
  bool lower(Instant now);
  [[nodiscard]] std::optional<std::size_t> candidate() const;

  std::size_t initial_;
  std::size_t most_;
  std::size_t confirmed_;
  std::size_t failed_;      // smallest size that the path refused; most_ + 1: none
  std::size_t used_ = 0;    // since the last verification
  bool is_proven_ = false;  // confirmed_ has been answered once
  Goal goal_ = Goal::raise;
  std::size_t size_ = 0;  // being probed; 0: nothing
  bool is_waiting_ = false;
  unsigned failures_ = 0;
  bool has_started_ = false;
  std::uint64_t answers_ = 0;  // latest
  std::uint64_t answers_at_send_ = 0;
  Duration timeout_{};
  Instant deadline_ = kNever;  // of the probe on its way, or when to probe next
  Instant next_verify_{};
  Instant next_full_verify_{};  // of confirmed_, whatever is used
  Instant next_raise_{};
};

}  // namespace usbgw::session
