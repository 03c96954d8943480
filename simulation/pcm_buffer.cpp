#include "simulation/pcm_buffer.h"

#include <algorithm>
#include <cstring>

namespace usbgw::simulation {

PlaybackBuffer::PlaybackBuffer(const PcmSettings& pcm, std::uint32_t frame_bytes,
                               AudioProgram& program)
    : program_(program),
      period_frames_(pcm.period_frames),
      buffer_frames_(pcm.buffer_frames()),
      frame_bytes_(frame_bytes),
      ring_(std::size_t{buffer_frames_} * frame_bytes) {
  call_.period.resize(std::size_t{period_frames_} * frame_bytes);
}

void PlaybackBuffer::prepare() {
  written_ = sent_ = known_ = 0;
  call_.available = buffer_frames_;
}

std::uint32_t PlaybackBuffer::room() const {
  return static_cast<std::uint32_t>(known_ + buffer_frames_ - written_);
}

bool PlaybackBuffer::wakes_program() const {
  return room() >= std::min(call_.left, period_frames_);
}

std::uint32_t PlaybackBuffer::write_some(bool is_running, Instant now) {
  if (call_.left == 0) {
    program_.play(call_.period, now);
    call_.left = period_frames_;
    if (is_running) known_ = sent_;
    call_.available = room();
  } else if (call_.available == 0) {
    if (!wakes_program()) return 0;
    call_.available = room();
  }
  const auto at = static_cast<std::uint32_t>(written_ % buffer_frames_);
  const std::uint32_t frames = std::min({call_.left, call_.available, buffer_frames_ - at});
  const std::size_t done = std::size_t{period_frames_ - call_.left} * frame_bytes_;
  std::memcpy(ring_.data() + std::size_t{at} * frame_bytes_, call_.period.data() + done,
              std::size_t{frames} * frame_bytes_);
  written_ += frames;
  call_.left -= frames;
  call_.available -= frames;
  return frames;
}

void PlaybackBuffer::send(std::span<std::byte> to) {
  const std::size_t from = static_cast<std::size_t>(sent_ % buffer_frames_) * frame_bytes_;
  const std::size_t first = std::min(to.size(), ring_.size() - from);
  std::memcpy(to.data(), ring_.data() + from, first);
  std::memcpy(to.data() + first, ring_.data(), to.size() - first);
  sent_ += to.size() / frame_bytes_;
}

bool PlaybackBuffer::period_elapsed() {
  known_ = sent_;
  return known_ < written_;
}

CaptureBuffer::CaptureBuffer(const PcmSettings& pcm, std::uint32_t frame_bytes,
                             AudioProgram& program)
    : program_(program),
      period_frames_(pcm.period_frames),
      buffer_frames_(pcm.buffer_frames()),
      frame_bytes_(frame_bytes),
      ring_(std::size_t{buffer_frames_} * frame_bytes) {
  call_.period.resize(std::size_t{period_frames_} * frame_bytes);
}

void CaptureBuffer::prepare() {
  received_ = known_ = read_ = 0;
  in_period_ = 0;
  call_.available = 0;
}

bool CaptureBuffer::wakes_program() const {
  return waiting() >= std::min(call_.left, period_frames_);
}

std::uint32_t CaptureBuffer::read_some(bool is_running, Instant now) {
  if (call_.left == 0) {
    call_.left = period_frames_;
    if (is_running) known_ = received_;
    call_.available = waiting();
  }
  if (call_.available == 0) {
    if (!wakes_program()) return 0;
    call_.available = waiting();
  }
  const auto at = static_cast<std::uint32_t>(read_ % buffer_frames_);
  const std::uint32_t frames = std::min({call_.left, call_.available, buffer_frames_ - at});
  const std::size_t done = std::size_t{period_frames_ - call_.left} * frame_bytes_;
  std::memcpy(call_.period.data() + done, ring_.data() + std::size_t{at} * frame_bytes_,
              std::size_t{frames} * frame_bytes_);
  read_ += frames;
  call_.left -= frames;
  call_.available -= frames;
  if (call_.left == 0) program_.record(call_.period, now);
  return frames;
}

bool CaptureBuffer::receive(std::span<const std::byte> packet) {
  const std::size_t bytes = packet.size() - packet.size() % frame_bytes_;
  const std::size_t to = static_cast<std::size_t>(received_ % buffer_frames_) * frame_bytes_;
  const std::size_t first = std::min(bytes, ring_.size() - to);
  std::memcpy(ring_.data() + to, packet.data(), first);
  std::memcpy(ring_.data(), packet.data() + first, bytes - first);
  const auto frames = static_cast<std::uint32_t>(bytes / frame_bytes_);
  received_ += frames;
  in_period_ += frames;
  if (in_period_ < period_frames_) return false;
  in_period_ -= period_frames_;
  return true;
}

bool CaptureBuffer::period_elapsed() {
  known_ = received_;
  return known_ - read_ < buffer_frames_;
}

}  // namespace usbgw::simulation
