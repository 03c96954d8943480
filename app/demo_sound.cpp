#include "app/demo_sound.h"

#include <sndfile.h>

#include <array>
#include <cmath>
#include <memory>
#include <numbers>

namespace usbgw::app {
namespace {

constexpr std::uint32_t kRate = 48000;
constexpr const char* kAlsaSounds = "/usr/share/sounds/alsa/";
constexpr std::array kAlsaNames{"Front_Left.wav", "Front_Right.wav", "Front_Center.wav",
                                "Side_Left.wav", "Side_Right.wav"};

struct CloseFile {
  void operator()(SNDFILE* file) const { sf_close(file); }
};
using File = std::unique_ptr<SNDFILE, CloseFile>;

// Appends the file as stereo frames.
Result<void> append(const std::string& name, std::vector<std::int16_t>& samples) {
  SF_INFO info{};
  const File file(sf_open(name.c_str(), SFM_READ, &info));
  if (!file) {
    return fail(ErrorCode::not_found, name + ": " + sf_strerror(nullptr));
  }
  if (info.samplerate != static_cast<int>(kRate) || info.channels < 1 || info.channels > 2) {
    return fail(ErrorCode::invalid_argument, name + " has " + std::to_string(info.channels) +
                                                 " channels at " + std::to_string(info.samplerate) +
                                                 " Hz; the demo plays mono or stereo at 48000 Hz");
  }
  std::vector<std::int16_t> read(static_cast<std::size_t>(info.frames * info.channels));
  const auto got = sf_readf_short(file.get(), read.data(), info.frames);
  for (sf_count_t i = 0; i < got; ++i) {
    const auto at = static_cast<std::size_t>(i * info.channels);
    samples.push_back(read[at]);
    samples.push_back(read[at + (info.channels == 2 ? 1 : 0)]);
  }
  return {};
}

// A scale of plucked fifths; left and right differ, so that swapped channels are heard.
std::vector<std::int16_t> tune() {
  constexpr std::array kNotes{220.0, 246.94, 277.18, 293.66, 329.63, 369.99, 415.30, 440.0};
  std::vector<std::int16_t> samples;
  for (const double note : kNotes) {
    for (std::uint32_t i = 0; i < kRate / 2; ++i) {
      const double t = i / static_cast<double>(kRate);
      const double decay = 9000 * std::exp(-4 * t);
      const double phase = 2 * std::numbers::pi * t;
      samples.push_back(static_cast<std::int16_t>(decay * std::sin(phase * note)));
      samples.push_back(static_cast<std::int16_t>(decay * std::sin(phase * note * 1.5)));
    }
  }
  return samples;
}

}  // namespace

Result<Sound> load_sound(const std::string& file, double seconds) {
  Sound sound;
  if (!file.empty()) {
    if (auto read = append(file, sound.samples); !read) return tl::unexpected(read.error());
    sound.name = file;
  } else {
    sound.name = std::string(kAlsaSounds) + "*.wav";
    for (const char* name : kAlsaNames) {
      if (append(std::string(kAlsaSounds) + name, sound.samples)) continue;
      sound.samples = tune();
      sound.name = "a generated tune";
      break;
    }
  }
  if (sound.samples.empty()) return fail(ErrorCode::invalid_argument, file + " holds no sound");
  const auto wanted = static_cast<std::size_t>(seconds * kRate) * 2;
  const std::size_t once = sound.samples.size();
  sound.samples.resize(wanted);
  for (std::size_t i = once; i < wanted; ++i) sound.samples[i] = sound.samples[i - once];
  return sound;
}

Result<void> save_wav(const Sound& sound, const std::string& name) {
  SF_INFO info{};
  info.samplerate = static_cast<int>(sound.rate);
  info.channels = static_cast<int>(sound.channels);
  info.format = SF_FORMAT_WAV | SF_FORMAT_PCM_16;
  const File file(sf_open(name.c_str(), SFM_WRITE, &info));
  const auto frames = static_cast<sf_count_t>(sound.frames());
  if (!file || sf_writef_short(file.get(), sound.samples.data(), frames) != frames) {
    return fail(ErrorCode::io, name + ": " + sf_strerror(file.get()));
  }
  return {};
}

}  // namespace usbgw::app
