// Plays the counter pattern and judges the one it records.
#pragma once

#include "common/byte_order.h"
#include "simulation/audio_program.h"

namespace usbgw::simulation {

class CounterProgram final : public AudioProgram {
 public:
  explicit CounterProgram(std::size_t frame_bytes) : frame_bytes_(frame_bytes) {}

  void play(std::span<std::byte> period, Instant) override {
    for (std::size_t at = 0; at < period.size(); at += frame_bytes_) {
      store_le<std::uint32_t>(period.data() + at, ++played_);
    }
  }
  void record(std::span<const std::byte> period, Instant) override {
    for (std::size_t at = 0; at < period.size(); at += frame_bytes_) {
      hear(load_le<std::uint32_t>(period.data() + at));
    }
  }

  // What comes next is a stream of its own: its counter begins again.
  void start_over() { played_ = newest_ = 0; }

  [[nodiscard]] std::uint64_t frames() const { return frames_; }
  [[nodiscard]] std::uint64_t lead_in() const { return lead_in_; }
  // Places where the next frame was not the next counter value.
  [[nodiscard]] std::uint64_t breaks() const { return breaks_; }

 private:
  void hear(std::uint32_t value) {
    ++frames_;
    if (newest_ == 0 && value == 0) {
      ++lead_in_;
      return;
    }
    if (newest_ != 0 && value != newest_ + 1) ++breaks_;
    newest_ = value;
  }

  std::size_t frame_bytes_;
  std::uint32_t played_ = 0;
  std::uint32_t newest_ = 0;
  std::uint64_t frames_ = 0;
  std::uint64_t lead_in_ = 0;
  std::uint64_t breaks_ = 0;
};

}  // namespace usbgw::simulation
