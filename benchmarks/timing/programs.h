// What runs above the sound driver: a player and recorder of the counter pattern, or a duplex
// client that plays what it records.
#pragma once

#include <cstring>
#include <deque>
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

// Copies IN to OUT, period by period.
class Monitor final : public simulation::AudioProgram {
 public:
  void play(std::span<std::byte> period, Instant) override {
    if (periods_.empty()) {
      std::memset(period.data(), 0, period.size());
      silent_ += has_recorded_ ? 1u : 0u;
      return;
    }
    std::memcpy(period.data(), periods_.front().data(), period.size());
    spare_.push_back(std::move(periods_.front()));
    periods_.pop_front();
  }
  void record(std::span<const std::byte> period, Instant) override {
    has_recorded_ = true;
    std::vector<std::byte> bytes;
    if (!spare_.empty()) {
      bytes = std::move(spare_.back());
      spare_.pop_back();
    }
    bytes.assign(period.begin(), period.end());
    periods_.push_back(std::move(bytes));
  }
  // Periods of silence that were played because none had been recorded yet.
  [[nodiscard]] std::uint64_t silent_periods() const { return silent_; }

 private:
  std::deque<std::vector<std::byte>> periods_;
  std::vector<std::vector<std::byte>> spare_;
  bool has_recorded_ = false;
  std::uint64_t silent_ = 0;
};

}  // namespace usbgw::benchmarks
