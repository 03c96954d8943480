// The program of the demo that plays a sound and records what the loopback device sends back.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "app/demo_sound.h"
#include "simulation/audio_program.h"

namespace usbgw::app {

class DemoProgram final : public simulation::AudioProgram {
 public:
  // Room for `seconds` of recording is made now; nothing is allocated while it plays.
  DemoProgram(const Sound& sound, double seconds);

  // On the worker.
  void play(std::span<std::byte> period, Instant now) override;
  void record(std::span<const std::byte> period, Instant now) override;

  // Any thread.
  [[nodiscard]] std::size_t frames_played() const { return played_.load(); }
  [[nodiscard]] bool has_played_all() const { return played_.load() >= sound_.frames(); }

  // After the worker has stopped.
  [[nodiscard]] Sound recording() const;

 private:
  const Sound& sound_;
  std::vector<std::int16_t> recorded_;
  std::size_t recorded_samples_ = 0;
  std::atomic<std::size_t> played_{0};
};

// How a recording relates to what was played, judged in stretches of 10 ms.
struct Comparison {
  std::size_t lag_frames = 0;  // where in the recording the sound begins
  std::size_t slips = 0;       // times the sound moved against the recording
  std::size_t compared_frames = 0;
  std::size_t different_frames = 0;  // concealed, silent, or lost in a slip
};
// Nothing when no lag up to a second makes them alike.
[[nodiscard]] std::optional<Comparison> compare(const Sound& played, const Sound& recorded);
// The same of a recording that was broken off: only as much of the sound as it can hold is judged.
[[nodiscard]] std::optional<Comparison> compare_begun(const Sound& played, const Sound& recorded);

}  // namespace usbgw::app
