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

// Copies IN to OUT, period by period. What it has not played yet stands in the capture buffer: more
// than that holds is an overrun, after which a client starts over.
class Monitor final : public simulation::AudioProgram {
 public:
  explicit Monitor(std::uint32_t periods) : most_(periods) {}

  void play(std::span<std::byte> period, Instant) override {
    if (periods_.empty()) {
      std::memset(period.data(), 0, period.size());
      ++silent_;
      return;
    }
    std::memcpy(period.data(), periods_.front().data(), period.size());
    spare_.push_back(std::move(periods_.front()));
    periods_.pop_front();
  }
  void record(std::span<const std::byte> period, Instant) override {
    if (periods_.size() == most_) {
      periods_.clear();
      ++restarts_;
    }
    std::vector<std::byte> bytes;
    if (!spare_.empty()) {
      bytes = std::move(spare_.back());
      spare_.pop_back();
    }
    bytes.assign(period.begin(), period.end());
    periods_.push_back(std::move(bytes));
  }
  void forget_counts() { silent_ = restarts_ = 0; }
  // Periods of silence that were played because none had been recorded yet.
  [[nodiscard]] std::uint64_t silent_periods() const { return silent_; }
  [[nodiscard]] std::uint64_t restarts() const { return restarts_; }

 private:
  std::size_t most_;
  std::deque<std::vector<std::byte>> periods_;
  std::vector<std::vector<std::byte>> spare_;
  std::uint64_t silent_ = 0;
  std::uint64_t restarts_ = 0;
};

}  // namespace usbgw::benchmarks
