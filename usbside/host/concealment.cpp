#include "usbside/host/concealment.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace usbgw::host {
namespace {

std::int64_t load_sample(std::span<const std::byte> bytes) {
  std::uint64_t raw = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    raw |= std::uint64_t{std::to_integer<std::uint8_t>(bytes[i])} << (8 * i);
  }
  const unsigned shift = 64 - 8 * static_cast<unsigned>(bytes.size());
  return static_cast<std::int64_t>(raw << shift) >> shift;
}

void store_sample(std::int64_t value, std::span<std::byte> bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::byte>(static_cast<std::uint64_t>(value) >> (8 * i) & 0xFF);
  }
}

}  // namespace

void conceal_pcm(const wire::AudioFormat& format, std::span<const std::byte> from,
                 double gain_begin, double gain_end, std::span<std::byte> to) {
  const std::size_t width = format.subslot_bytes;
  const std::size_t frame = format.frame_bytes();
  const std::size_t frames = frame == 0 ? 0 : to.size() / frame;
  const std::size_t from_frames = frame == 0 ? 0 : from.size() / frame;
  std::fill(to.begin(), to.end(), format.silence);
  // Offset binary (8-bit unsigned) has no sign to scale around: silence is enough.
  if (from_frames == 0 || width == 0 || width > 8 || format.silence != std::byte{0}) return;
  for (std::size_t i = 0; i < frames; ++i) {
    const double gain =
        gain_begin + (gain_end - gain_begin) * static_cast<double>(i) / static_cast<double>(frames);
    if (gain <= 0) continue;
    for (std::size_t at = 0; at < frame; at += width) {
      const auto sample = load_sample(from.subspan(i % from_frames * frame + at, width));
      store_sample(std::llround(static_cast<double>(sample) * gain),
                   to.subspan(i * frame + at, width));
    }
  }
}

}  // namespace usbgw::host
