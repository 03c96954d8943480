// When a stream's sources arrive: a line through source numbers and arrival times that follows slow
// drift (an alpha-beta filter), and how far arrivals stray from it. Only what came by itself and
// first is added.
#pragma once

#include <array>
#include <cstdint>

#include "common/timeline.h"

namespace usbgw::session {

class ArrivalLine {
 public:
  void add(std::int64_t number, Instant now);
  [[nodiscard]] bool is_known() const { return samples_ >= kSamplesToBeKnown; }
  // Only when is_known(). Of what is more than a million sources away: as if it were that.
  [[nodiscard]] Instant expected(std::int64_t number) const;
  [[nodiscard]] Duration interval() const { return Duration{static_cast<std::int64_t>(interval_)}; }
  // The most of the last one to two seconds, after and before the line.
  [[nodiscard]] Duration late() const;
  [[nodiscard]] Duration early() const;

 private:
  static constexpr std::uint32_t kSamplesToBeKnown = 16;
  struct Spread {
    Instant since{};
    Duration late{};
    Duration early{};
  };
  void begin_at(std::int64_t number, Instant now);
  void note(Duration error, Instant now);

  std::uint32_t samples_ = 0;
  std::int64_t number_ = 0;         // of the newest
  Instant time_{};                  // where the line has it
  double interval_ = 0;             // ns
  std::array<Spread, 2> spread_{};  // now, and the second before
};

}  // namespace usbgw::session
