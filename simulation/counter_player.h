// Plays the counter pattern of the software audio devices and judges the one it records.
#pragma once

#include "common/byte_order.h"
#include "simulation/audio_program.h"
#include "usbside/device/software/counter_judge.h"
#include "usbside/device/software/counter_pattern.h"

namespace usbgw::simulation {

class CounterPlayer final : public AudioProgram {
 public:
  // Of frames of two channels, which hold the counter and nothing else.
  explicit CounterPlayer(std::uint32_t rate) : judge_(rate) { judge_.start_run(); }

  void play(std::span<std::byte> period, Instant) override {
    for (std::size_t at = 0; at < period.size(); at += kFrameBytes) {
      played_ = device::software::next_counter(played_);
      store_le<std::uint32_t>(period.data() + at, played_);
    }
  }
  void record(std::span<const std::byte> period, Instant) override {
    for (std::size_t at = 0; at < period.size(); at += kFrameBytes)
      judge_.frame(load_le<std::uint32_t>(period.data() + at), true);
  }
  [[nodiscard]] device::software::JudgeReport recorded() const { return judge_.report(); }

 private:
  static constexpr std::size_t kFrameBytes = 2 * device::software::kSampleBytes;
  device::software::CounterJudge judge_;
  std::uint32_t played_ = 0;
};

}  // namespace usbgw::simulation
