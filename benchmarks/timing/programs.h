// What runs above the sound driver: a duplex client that plays what it records.
#pragma once

#include <cstring>
#include <vector>

#include "simulation/audio_program.h"

namespace usbgw::benchmarks {

// Copies IN to OUT: with linked streams each period is played in the cycle that recorded it. What
// fills the playback buffer before is silence.
class Monitor final : public simulation::AudioProgram {
 public:
  void record(std::span<const std::byte> period, Instant) override {
    recorded_.assign(period.begin(), period.end());
  }
  void play(std::span<std::byte> period, Instant) override {
    if (recorded_.empty()) {
      std::memset(period.data(), 0, period.size());
      ++silent_;
      return;
    }
    std::memcpy(period.data(), recorded_.data(), period.size());
    recorded_.clear();
  }
  // Periods of silence: as many as the buffer has, each time the client starts.
  [[nodiscard]] std::uint64_t silent_periods() const { return silent_; }
  void forget_counts() { silent_ = 0; }

 private:
  std::vector<std::byte> recorded_;
  std::uint64_t silent_ = 0;
};

}  // namespace usbgw::benchmarks
