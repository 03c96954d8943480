// A program that plays or records through the modelled sound driver, as aplay and arecord do: it
// runs when a period has elapsed and moves whole periods.
#pragma once

#include <cstddef>
#include <span>

#include "common/timeline.h"

namespace usbgw::simulation {

class AudioProgram {
 public:
  virtual ~AudioProgram() = default;
  // Fill one period of interleaved frames.
  virtual void play(std::span<std::byte> period, Instant now) = 0;
  // One period that was recorded.
  virtual void record(std::span<const std::byte> period, Instant now) = 0;
};

}  // namespace usbgw::simulation
