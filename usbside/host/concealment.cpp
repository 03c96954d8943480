#include "usbside/host/concealment.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

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

using Scale = void (*)(std::span<const std::byte> from, double gain, std::span<std::byte> to);

void scale_signed(std::span<const std::byte> from, double gain, std::span<std::byte> to) {
  store_sample(std::llround(static_cast<double>(load_sample(from)) * gain), to);
}

void scale_offset(std::span<const std::byte> from, double gain, std::span<std::byte> to) {
  constexpr int kMiddle = 128;
  const int sample = std::to_integer<int>(from[0]) - kMiddle;
  to[0] = static_cast<std::byte>(std::lround(sample * gain) + kMiddle);
}

// What is not a number would stay one, and be heard as noise.
template <class Float>
void scale_float(std::span<const std::byte> from, double gain, std::span<std::byte> to) {
  Float sample = 0;
  std::memcpy(&sample, from.data(), sizeof sample);
  sample = std::isfinite(sample) ? static_cast<Float>(sample * gain) : Float{0};
  std::memcpy(to.data(), &sample, sizeof sample);
}
static_assert(std::endian::native == std::endian::little);

// Null where only silence is right.
Scale scale_of(const wire::AudioFormat& format) {
  const std::size_t width = format.subslot_bytes;
  if (format.is_float) {
    return width == 4 ? scale_float<float> : width == 8 ? scale_float<double> : nullptr;
  }
  if (format.silence != std::byte{0}) return width == 1 ? scale_offset : nullptr;
  return width >= 1 && width <= 8 ? scale_signed : nullptr;
}

}  // namespace

void conceal_pcm(const wire::AudioFormat& format, std::span<const std::byte> from,
                 double gain_begin, double gain_end, std::span<std::byte> to) {
  const std::size_t width = format.subslot_bytes;
  const std::size_t frame = format.frame_bytes();
  const std::size_t frames = frame == 0 ? 0 : to.size() / frame;
  const std::size_t from_frames = frame == 0 ? 0 : from.size() / frame;
  std::fill(to.begin(), to.end(), format.silence);
  const Scale scale = scale_of(format);
  if (from_frames == 0 || scale == nullptr) return;
  for (std::size_t i = 0; i < frames; ++i) {
    const double gain =
        gain_begin + (gain_end - gain_begin) * static_cast<double>(i) / static_cast<double>(frames);
    if (gain <= 0) continue;
    for (std::size_t at = 0; at < frame; at += width) {
      scale(from.subspan(i % from_frames * frame + at, width), gain,
            to.subspan(i * frame + at, width));
    }
  }
}

}  // namespace usbgw::host
