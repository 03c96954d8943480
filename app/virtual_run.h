// One run of the demo under virtual time: the configuration's device, link and repair, with a seed
// of its own. Every sample is judged, both ways.
#pragma once

#include <cstdint>
#include <string>

#include "config/document.h"
#include "simulation/audio_system.h"
#include "usbside/device/software/counter_judge.h"

namespace usbgw::app {

// Of one direction.
struct Carried {
  std::uint64_t intervals = 0;
  std::uint64_t concealed = 0;             // intervals that had no data when they were due
  device::software::JudgeReport samples;   // at the far end
  std::uint64_t sources = 0, repairs = 0;  // symbols that were sent; resends are repairs
  std::uint64_t datagrams = 0, lost = 0;
  std::uint64_t bytes = 0;                // of IP packets
  Duration length{};                      // that all of this is of
  Duration latency_p50{}, latency_max{};  // more than on a local bus

  [[nodiscard]] std::uint64_t missing() const { return samples.inside.missing; }
  // What came in the place of a sample and is not it.
  [[nodiscard]] std::uint64_t altered() const {
    return samples.inside.altered + samples.inside.repeated + samples.inside.silent;
  }
  [[nodiscard]] double bytes_a_second() const {
    return static_cast<double>(bytes) / std::chrono::duration<double>(length).count();
  }
  // Repair symbols for each source.
  [[nodiscard]] double overhead() const {
    return sources == 0 ? 0 : static_cast<double>(repairs) / static_cast<double>(sources);
  }
};

struct VirtualRun {
  std::uint64_t seed = 0;
  Carried in, out;
  std::uint64_t feedback_concealed = 0;
  Duration playout{};  // D
  std::uint64_t xruns = 0;
  std::string fault;  // the first thing that must not be; empty: none
  [[nodiscard]] std::uint64_t concealed() const { return in.concealed + out.concealed; }
};

struct VirtualRunOptions {
  std::uint32_t period = 128;  // frames; two of them are the buffer
  bool is_repaired = true;
};

// The first attachment of `document`, which check_demo() has passed.
[[nodiscard]] simulation::AudioCase audio_case_of(const config::Document& document,
                                                  const VirtualRunOptions& options);
[[nodiscard]] VirtualRun run_virtually(const simulation::AudioCase& audio, Duration length);

}  // namespace usbgw::app
