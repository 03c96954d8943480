// What runs above the sound driver: a player and recorder of the counter pattern, or a duplex
// client that plays what it records.
#pragma once

#include <cstring>
#include <vector>

#include "common/byte_order.h"
#include "simulation/audio_program.h"

namespace usbgw::benchmarks {

// Plays the counter; what is recorded the tap has seen.
class CounterPlayer final : public simulation::AudioProgram {
 public:
  explicit CounterPlayer(std::size_t frame_bytes) : frame_bytes_(frame_bytes) {}
  void play(std::span<std::byte> period, Instant) override {
    for (std::size_t at = 0; at < period.size(); at += frame_bytes_) {
      if (++played_ == 0) ++played_;
      store_le<std::uint32_t>(period.data() + at, played_);
    }
  }
  void record(std::span<const std::byte>, Instant) override {}

 private:
  std::size_t frame_bytes_;
  std::uint32_t played_ = 0;
};

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
