// Sound files of the demo: 16-bit frames in, 16-bit frames out.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/result.h"

namespace usbgw::app {

struct Sound {
  std::uint32_t rate = 48000;
  std::uint32_t channels = 2;
  std::vector<std::int16_t> samples;  // interleaved
  std::string name;                   // what people are told it is
  [[nodiscard]] std::size_t frames() const { return samples.size() / channels; }
};

// A stereo sound of `seconds` at 48 kHz: the file (any format that libsndfile reads; mono becomes
// stereo), or, without a file, the spoken test sounds of alsa-utils, or a generated tune where
// those are not installed. Shorter sounds are repeated. Errors name the file and what it must be.
[[nodiscard]] Result<Sound> load_sound(const std::string& file, double seconds);
[[nodiscard]] Result<void> save_wav(const Sound& sound, const std::string& file);

}  // namespace usbgw::app
