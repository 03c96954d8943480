#include "usbside/device/software/counter_pattern.h"

#include "common/byte_order.h"

namespace usbgw::device::software {
namespace {

std::uint16_t extra_channel(std::uint32_t counter, std::size_t channel) {
  return static_cast<std::uint16_t>(counter + channel);
}

}  // namespace

void write_frame(std::span<std::byte> frame, std::uint32_t counter) {
  store_le<std::uint32_t>(frame.data(), counter);
  for (std::size_t at = 4; at < frame.size(); at += kSampleBytes) {
    store_le<std::uint16_t>(frame.data() + at, extra_channel(counter, at / kSampleBytes));
  }
}

FrameReading read_frame(std::span<const std::byte> frame) {
  FrameReading reading{load_le<std::uint32_t>(frame.data()), true};
  bool is_silent = true;
  bool agrees = true;
  for (std::size_t at = 4; at < frame.size(); at += kSampleBytes) {
    const auto sample = load_le<std::uint16_t>(frame.data() + at);
    is_silent = is_silent && sample == 0;
    agrees = agrees && sample == extra_channel(reading.counter, at / kSampleBytes);
  }
  reading.is_intact = is_silent || agrees;
  return reading;
}

}  // namespace usbgw::device::software
