// What a loopback device has heard and not yet said: whole frames, first in, first out, bounded.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

namespace usbgw::device::software {

class Echo {
 public:
  // Speaks once `primed` frames are there, and again after it ran empty; holds at most `most`.
  Echo(std::size_t frame_bytes, std::size_t primed, std::size_t most)
      : frame_bytes_(frame_bytes), primed_(primed), frames_(most * frame_bytes) {}

  // Frames that find no room are dropped.
  void hear(std::span<const std::byte> frames) {
    for (std::size_t at = 0; at + frame_bytes_ <= frames.size(); at += frame_bytes_) {
      if (held_ == frames_.size() / frame_bytes_) return;
      std::memcpy(slot(held_++), frames.data() + at, frame_bytes_);
    }
  }
  // Fills `to` with frames, and with silence where there are none.
  void say(std::span<std::byte> to) {
    if (!speaks_ && held_ >= primed_) speaks_ = true;
    for (std::size_t at = 0; at + frame_bytes_ <= to.size(); at += frame_bytes_) {
      if (held_ == 0) speaks_ = false;
      if (!speaks_) {
        std::memset(to.data() + at, 0, frame_bytes_);
        continue;
      }
      std::memcpy(to.data() + at, slot(0), frame_bytes_);
      first_ = (first_ + 1) % (frames_.size() / frame_bytes_);
      --held_;
    }
  }

 private:
  [[nodiscard]] std::byte* slot(std::size_t ahead) {
    return frames_.data() + (first_ + ahead) % (frames_.size() / frame_bytes_) * frame_bytes_;
  }
  std::size_t frame_bytes_;
  std::size_t primed_;
  std::vector<std::byte> frames_;
  std::size_t first_ = 0;
  std::size_t held_ = 0;
  bool speaks_ = false;
};

}  // namespace usbgw::device::software
