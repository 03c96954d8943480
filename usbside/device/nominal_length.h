// How long an interval of linear audio is when nobody has said: whole frames at the mean of the
// last intervals, or at the one rate that the descriptors state.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "common/timeline.h"
#include "wire/descriptors.h"

namespace usbgw::device {

class NominalLength {
 public:
  NominalLength(const std::optional<wire::AudioFormat>& format, Duration interval);

  [[nodiscard]] bool is_pcm() const { return is_pcm_; }
  // A true length.
  void add(std::uint32_t length);
  // The length to use for one interval without data. 0: unknown, or not linear audio.
  [[nodiscard]] std::uint32_t next();

 private:
  static constexpr std::size_t kRemembered = 64;

  bool is_pcm_ = false;
  std::uint64_t frame_bytes_ = 1;
  std::uint64_t stated_ = 0;  // frames times 10^9 in one interval; 0: not stated
  std::uint64_t owed_ = 0;    // in the unit of the last next()
  std::uint64_t unit_ = 0;
  std::array<std::uint32_t, kRemembered> lengths_{};
  std::size_t count_ = 0;
  std::size_t at_ = 0;
  std::uint64_t sum_ = 0;
};

}  // namespace usbgw::device
