// How a program opens a sound card: hardware parameters, and when it runs.
#pragma once

#include <cstdint>

#include "common/timeline.h"

namespace usbgw::simulation {

struct PcmSettings {
  std::uint32_t rate = 48000;
  std::uint32_t period_frames = 128;
  std::uint32_t periods = 2;
  bool playback = true;
  bool capture = true;
  // One program holds both streams, linked, as mixers, effects and jackd do: it fills the playback
  // buffer, starts both at once, then reads a period and writes a period, blocking. An XRUN stops
  // both, and it starts over. Otherwise a player and a recorder run side by side.
  bool is_linked = false;
  // From the moment the card is there until a program opens it.
  Duration open_after{};
  // From the moment the kernel wakes a program until it runs.
  Duration wake_latency{};
  // The programs do nothing by themselves: whoever holds the driver makes their steps, see
  // AudioDriverModel.
  bool is_stepped = false;

  [[nodiscard]] std::uint32_t buffer_frames() const { return period_frames * periods; }
};

}  // namespace usbgw::simulation
