#include "app/demo_program.h"

#include <algorithm>
#include <cstring>

namespace usbgw::app {
namespace {

constexpr std::size_t kChannels = 2;

bool same_frame(const Sound& a, std::size_t i, const Sound& b, std::size_t j) {
  return a.samples[i * kChannels] == b.samples[j * kChannels] &&
         a.samples[i * kChannels + 1] == b.samples[j * kChannels + 1];
}

constexpr std::size_t kSegment = 480;      // 10 ms: judged together
constexpr std::size_t kSearch = 48 * 300;  // a slip moves the sound by less than 300 ms

std::size_t alike(const Sound& a, std::size_t i, const Sound& b, std::size_t j, std::size_t count) {
  std::size_t matches = 0;
  for (std::size_t k = 0; k < count && i + k < a.frames() && j + k < b.frames(); ++k) {
    matches += same_frame(a, i + k, b, j + k) ? 1u : 0u;
  }
  return matches;
}

// Where the loudest 100 ms of the first half are found; silence would fit anywhere.
std::optional<std::size_t> find_start(const Sound& played, const Sound& recorded) {
  const std::size_t window = played.rate / 10;
  std::size_t loudest = 0;
  std::int64_t most = -1;
  for (std::size_t at = 0; at + window < played.frames() / 2; at += window) {
    std::int64_t energy = 0;
    for (std::size_t i = at * kChannels; i < (at + window) * kChannels; ++i) {
      energy += std::int64_t{played.samples[i]} * played.samples[i];
    }
    if (energy > most) {
      most = energy;
      loudest = at;
    }
  }
  std::optional<std::size_t> best;
  std::size_t best_matches = window / 4;
  for (std::size_t lag = 0; lag < played.rate; ++lag) {
    const std::size_t matches = alike(played, loudest, recorded, loudest + lag, window);
    if (matches > best_matches) {
      best_matches = matches;
      best = lag;
    }
  }
  return best;
}

Sound first_frames(const Sound& sound, std::size_t count) {
  Sound begin = sound;
  begin.samples.resize(std::min(count, sound.frames()) * kChannels);
  return begin;
}

std::size_t best_lag(const Sound& played, std::size_t at, const Sound& recorded, std::size_t near,
                     std::size_t count) {
  std::size_t best = near;
  std::size_t best_matches = 0;
  for (std::size_t lag = near > kSearch ? near - kSearch : 0; lag < near + kSearch; ++lag) {
    const std::size_t matches = alike(played, at, recorded, at + lag, count);
    if (matches > best_matches) {
      best_matches = matches;
      best = lag;
    }
  }
  return best;
}

}  // namespace

DemoProgram::DemoProgram(const Sound& sound, double seconds) : sound_(sound) {
  recorded_.resize(static_cast<std::size_t>(seconds * sound.rate) * kChannels);
}

void DemoProgram::play(std::span<std::byte> period, Instant) {
  const std::size_t frames = period.size() / (kChannels * 2);
  const std::size_t from = played_.load();
  const std::size_t left = from < sound_.frames() ? sound_.frames() - from : 0;
  const std::size_t count = std::min(frames, left);
  std::memcpy(period.data(), sound_.samples.data() + from * kChannels, count * kChannels * 2);
  std::memset(period.data() + count * kChannels * 2, 0, (frames - count) * kChannels * 2);
  played_.store(from + frames);
}

void DemoProgram::record(std::span<const std::byte> period, Instant) {
  const std::size_t count = std::min(period.size() / 2, recorded_.size() - recorded_samples_);
  std::memcpy(recorded_.data() + recorded_samples_, period.data(), count * 2);
  recorded_samples_ += count;
}

Sound DemoProgram::recording() const {
  Sound sound;
  sound.rate = sound_.rate;
  sound.samples.assign(recorded_.begin(),
                       recorded_.begin() + static_cast<std::ptrdiff_t>(recorded_samples_));
  sound.name = "the recording";
  return sound;
}

std::optional<Comparison> compare(const Sound& played, const Sound& recorded) {
  const auto start = find_start(played, recorded);
  if (!start) return std::nullopt;
  Comparison result;
  result.lag_frames = *start;
  std::size_t lag = *start;
  for (std::size_t at = 0; at < played.frames(); at += kSegment) {
    const std::size_t count = std::min(kSegment, played.frames() - at);
    std::size_t matches = alike(played, at, recorded, at + lag, count);
    if (matches < count / 2) {
      const std::size_t other = best_lag(played, at, recorded, lag, count);
      const std::size_t there = alike(played, at, recorded, at + other, count);
      if (other != lag && there > matches && there > count / 2) {
        ++result.slips;
        lag = other;
        matches = there;
      }
    }
    result.compared_frames += count;
    result.different_frames += count - matches;
  }
  return result;
}

std::optional<Comparison> compare_begun(const Sound& played, const Sound& recorded) {
  const auto begin = compare(first_frames(played, recorded.frames()), recorded);
  if (!begin || begin->lag_frames >= recorded.frames()) return std::nullopt;
  return compare(first_frames(played, recorded.frames() - begin->lag_frames), recorded);
}

}  // namespace usbgw::app
