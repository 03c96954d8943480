// The test signal of the audio devices: every frame carries its own number, so a judge can say of
// each sample whether it is missing, repeated or altered. S16 little endian:
//
//   channel 0: counter bits 15..0    channel 1: counter bits 31..16    channel n > 1: bits 15..0 +
//   n
//
// Counters run from 1; 0 is silence. Whoever makes a file to play may leave the channels from 2 on
// silent.
#pragma once

#include <cstdint>
#include <span>

namespace usbgw::device::software {

inline constexpr std::size_t kSampleBytes = 2;
inline constexpr int kMinChannels = 2;
inline constexpr int kMaxChannels = 32;

[[nodiscard]] constexpr std::uint32_t next_counter(std::uint32_t counter) {
  return counter == UINT32_MAX ? 1 : counter + 1;
}

// `frame` is channels * kSampleBytes long.
void write_frame(std::span<std::byte> frame, std::uint32_t counter);

struct FrameReading {
  std::uint32_t counter = 0;
  bool is_intact = true;  // the channels from 2 on agree, or are silent
};
[[nodiscard]] FrameReading read_frame(std::span<const std::byte> frame);

}  // namespace usbgw::device::software
