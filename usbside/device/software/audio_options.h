// What may be chosen of a software audio device.
#pragma once

#include <cstdint>

#include "common/timeline.h"

namespace usbgw::device::software {

enum class AudioClass : std::uint8_t { uac1, uac2 };

enum class Synchronisation : std::uint8_t {
  explicit_feedback,  // an endpoint tells the host how many samples to send
  implicit_feedback,  // the host copies the packet lengths of the IN endpoint
  adaptive,           // the device follows the host
  synchronous,        // both follow the bus
};

// One deliberate fault, to prove that a judge sees it.
struct SampleFault {
  enum class Kind : std::uint8_t { none, drop, repeat, alter };
  Kind kind = Kind::none;
  bool in = true;  // in what the device sends; else in what it heard, before its own judge
  Duration at{};   // after the stream began
};

struct AudioOptions {
  AudioClass audio_class = AudioClass::uac2;
  Synchronisation synchronisation = Synchronisation::explicit_feedback;
  std::uint32_t rate = 48000;
  std::uint32_t other_rate = 0;  // one more that the driver may select; 0: the rate is fixed
  int channels = 2;
  int interval_exponent = 0;    // uac2: a data packet each 2^this microframes, 0 to 3
  double crystal_ppm = 0;       // against the bus
  bool returns_output = false;  // IN carries what came OUT instead of the counter pattern
  SampleFault fault;
  Duration settling{};  // round trips this long after the first one are not counted
};

}  // namespace usbgw::device::software
