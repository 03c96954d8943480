// The counter pattern that audio scenarios play and record: frame i (from 0) carries the 32-bit
// counter i + 1, low half in the left channel, high half in the right (S16_LE stereo). Zero is
// silence.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace usbgw::judge {

inline constexpr std::size_t kFrameBytes = 4;

// Frames that are not the expected ones, and good ones between them that are fewer than
// Limits::apart.
struct Disturbance {
  std::size_t first = 0;  // frames of the recording before it
  std::size_t frames = 0;
};

// What a recording holds once its lead-in is over, in frames.
struct Verdict {
  std::size_t frames = 0;    // of the whole recording
  std::size_t lead_in = 0;   // silence or an earlier pattern before the counter runs on
  std::size_t missing = 0;   // counters skipped
  std::size_t repeated = 0;  // counters that came again, or frames too many
  std::size_t altered = 0;   // frames in their place with another content
  std::vector<Disturbance> disturbances;
};

struct Limits {
  std::size_t lead_in = 2400;  // 50 ms at 48 kHz
  std::size_t tail = 960;      // 20 ms at 48 kHz, not judged
  std::size_t apart = 12000;   // 250 ms at 48 kHz: what is further apart is two disturbances
};

// Judges counters in the order recorded. `frames` shorter than the lead-in and tail is all missing.
[[nodiscard]] Verdict judge(const std::vector<std::uint32_t>& counters, const Limits& limits);

// Counters 1, 2, ... as S16_LE stereo.
[[nodiscard]] std::vector<std::uint8_t> encode_pattern(std::size_t frames);
[[nodiscard]] std::vector<std::uint32_t> decode_pattern(const std::vector<std::uint8_t>& bytes);

}  // namespace usbgw::judge
