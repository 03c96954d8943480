// How long a missing interval would have been when nothing says it: the stream's average length, in
// whole sample frames, so that 44.1 kHz at full speed gives 44, 44, ... 45 as the device would.
#pragma once

#include <cstdint>

namespace usbgw::host {

class NominalLength {
 public:
  // `frame_bytes`: one sample of every channel; 0 when the format is not known.
  explicit NominalLength(std::uint32_t frame_bytes) : frame_bytes_(frame_bytes) {}

  // What the sample rate says, in bytes an interval; holds until something was observed.
  void expect(double bytes) {
    average_ = bytes;
    observed_ = 0;
  }
  void observe(std::uint32_t length);
  // The next guess. 0 before anything was expected or observed.
  [[nodiscard]] std::uint32_t next();
  // Bytes that lengths are multiples of; 0 when unknown.
  [[nodiscard]] std::uint32_t frame_bytes() const {
    return frame_bytes_ != 0 ? frame_bytes_ : common_divisor_;
  }

 private:
  std::uint32_t frame_bytes_;
  std::uint32_t common_divisor_ = 0;  // of every length seen
  double average_ = 0;
  std::uint32_t observed_ = 0;
  double owed_ = 0;  // fraction of a frame carried to the next guess
};

}  // namespace usbgw::host
