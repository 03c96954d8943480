#include "simulation/audio_driver_model.h"

#include <algorithm>
#include <cstring>

namespace usbgw::simulation {
namespace {

constexpr std::uint8_t kSetInterface = 11;
constexpr std::uint32_t kFeedbackUrbs = 4;  // SYNC_URBS, sound/usb/card.h

enum Tag : std::uint64_t { kCapture = 1, kPlayback = 2, kFeedback = 3 };

}  // namespace

std::optional<AudioDriverModel::Stream> AudioDriverModel::choose(
    const wire::Configuration& configuration, Direction direction) const {
  for (const auto& alternate : configuration.alternates) {
    if (!alternate.is_audio_streaming() || !alternate.audio || !alternate.audio->is_pcm) continue;
    Stream stream;
    bool found = false;
    for (const auto& endpoint : alternate.endpoints) {
      if (endpoint.type != TransferType::isochronous) continue;
      if (endpoint.usage == wire::EndpointUsage::feedback) {
        stream.feedback = endpoint;
      } else if (endpoint.address.direction() == direction) {
        stream.endpoint = endpoint;
        found = true;
      }
    }
    if (!found) continue;
    stream.interface = alternate.interface;
    stream.alternate = alternate.alternate;
    stream.frame_bytes = alternate.audio->frame_bytes();
    return stream;
  }
  return std::nullopt;
}

void AudioDriverModel::configured(DeviceModel& device, const wire::Configuration& configuration,
                                  Instant now) {
  device_ = &device;
  stopping_ = false;
  if (pcm_.playback) playback_ = choose(configuration, Direction::out);
  if (pcm_.capture) capture_ = choose(configuration, Direction::in);
  if ((pcm_.playback && !playback_) || (pcm_.capture && !capture_)) ++unsupported_;
  for (auto* stream : {&playback_, &capture_}) {
    if (!*stream) continue;
    Stream& s = **stream;
    s.plan = plan_urbs(pcm_, s.endpoint, s.feedback ? &*s.feedback : nullptr, s.frame_bytes,
                       device.speed());
    set_interface(s.interface, s.alternate, now);
  }
}

void AudioDriverModel::set_interface(std::uint8_t interface, std::uint8_t alternate, Instant now) {
  ModelUrb urb;
  urb.endpoint = EndpointAddress(0, Direction::out);
  urb.setup = {0x01, kSetInterface, alternate, interface, 0};
  requests_.push_back(urb.setup);
  device_->submit(std::move(urb), now);
}

void AudioDriverModel::start(Instant now) {
  running_ = true;
  if (capture_) {
    record_buffer_.assign(std::size_t{pcm_.period_frames} * pcm_.periods * capture_->frame_bytes,
                          std::byte{0});
    recorded_ = read_ = 0;
    for (std::uint32_t i = 0; i < capture_->plan.urbs; ++i) submit_capture(now);
  }
  if (!playback_) return;
  const std::uint32_t per_second = device_->speed() == Speed::full ? 1000 : 8000;
  nominal_q16_ = ((std::uint64_t{pcm_.rate} << 16) + per_second / 2) / per_second;
  rate_q16_ = nominal_q16_;
  if (playback_->feedback) {
    for (std::uint32_t i = 0; i < kFeedbackUrbs; ++i) submit_feedback(now);
  }
  restart_playback(now);
}

void AudioDriverModel::restart_playback(Instant now) {
  play_buffer_.assign(std::size_t{pcm_.period_frames} * pcm_.periods * playback_->frame_bytes,
                      std::byte{0});
  written_ = queued_ = played_;
  ready_urbs_ = playback_->plan.urbs;
  submitted_urbs_ = 0;
  run_player(now);
}

// The program fills what is free, whole periods; the driver then submits what waits for data.
void AudioDriverModel::run_player(Instant now) {
  const std::uint64_t buffer = std::uint64_t{pcm_.period_frames} * pcm_.periods;
  const std::size_t period_bytes = std::size_t{pcm_.period_frames} * playback_->frame_bytes;
  while (buffer - (written_ - played_) >= pcm_.period_frames) {
    const std::size_t slot =
        static_cast<std::size_t>((written_ / pcm_.period_frames) % pcm_.periods);
    program_.play(std::span(play_buffer_).subspan(slot * period_bytes, period_bytes), now);
    written_ += pcm_.period_frames;
  }
  while (ready_urbs_ > 0 && submit_playback(now)) {
  }
}

std::uint32_t AudioDriverModel::next_packet_frames() {
  const std::uint64_t phase = (phase_q16_ & 0xFFFF) + rate_q16_;
  return static_cast<std::uint32_t>(phase >> 16);
}

bool AudioDriverModel::submit_playback(Instant now) {
  const Stream& s = *playback_;
  ModelUrb urb;
  urb.endpoint = s.endpoint.address;
  urb.tag = kPlayback;
  std::uint32_t frames = 0;
  while (urb.packets.size() < s.plan.packets && frames < s.plan.max_urb_frames) {
    const std::uint32_t count = next_packet_frames();
    if (queued_ + frames + count > written_) break;
    phase_q16_ = (phase_q16_ & 0xFFFF) + rate_q16_;
    urb.packets.push_back({frames * s.frame_bytes, count * s.frame_bytes, 0, UrbStatus::ok});
    frames += count;
    if ((queued_ + frames) % pcm_.period_frames < count) break;  // a URB ends where a period does
  }
  if (urb.packets.empty()) return false;
  urb.length = frames * s.frame_bytes;
  urb.data.resize(urb.length);
  for (std::uint32_t i = 0; i < frames; ++i) {
    const std::size_t from = static_cast<std::size_t>(
        (queued_ + i) % (std::uint64_t{pcm_.period_frames} * pcm_.periods));
    std::memcpy(urb.data.data() + std::size_t{i} * s.frame_bytes,
                play_buffer_.data() + from * s.frame_bytes, s.frame_bytes);
  }
  queued_ += frames;
  --ready_urbs_;
  ++submitted_urbs_;
  device_->submit(std::move(urb), now);
  return true;
}

void AudioDriverModel::submit_capture(Instant now) {
  const Stream& s = *capture_;
  ModelUrb urb;
  urb.endpoint = s.endpoint.address;
  urb.tag = kCapture;
  for (std::uint32_t i = 0; i < s.plan.packets; ++i) {
    urb.packets.push_back({i * s.plan.packet_bytes, s.plan.packet_bytes, 0, UrbStatus::ok});
  }
  urb.length = s.plan.packets * s.plan.packet_bytes;
  device_->submit(std::move(urb), now);
}

void AudioDriverModel::submit_feedback(Instant now) {
  ModelUrb urb;
  urb.endpoint = playback_->feedback->address;
  urb.tag = kFeedback;
  urb.length = device_->speed() == Speed::full ? 3 : 4;
  urb.packets.push_back({0, urb.length, 0, UrbStatus::ok});
  device_->submit(std::move(urb), now);
}

void AudioDriverModel::completed(DeviceModel&, ModelUrb&& urb, Instant now) {
  if (urb.endpoint.number() == 0) {
    if (urb.status != UrbStatus::ok) ++urb_errors_;
    if (!requests_.empty()) requests_.pop_front();
    if (requests_.empty() && !running_ && !stopping_) start(now);
    return;
  }
  if (urb.unlinked || !running_) return;
  if (urb.status != UrbStatus::ok) ++urb_errors_;
  switch (urb.tag) {
    case kCapture:
      return capture_done(urb, now);
    case kPlayback:
      return playback_done(urb, now);
    case kFeedback:
      return feedback_done(urb, now);
    default:
      return;
  }
}

void AudioDriverModel::capture_done(const ModelUrb& urb, Instant now) {
  const std::uint32_t frame_bytes = capture_->frame_bytes;
  const std::uint64_t buffer = std::uint64_t{pcm_.period_frames} * pcm_.periods;
  for (const auto& packet : urb.packets) {
    if (packet.status != UrbStatus::ok) ++urb_errors_;
    for (std::uint32_t i = 0; i + frame_bytes <= packet.actual; i += frame_bytes) {
      const auto to = static_cast<std::size_t>(recorded_ % buffer) * frame_bytes;
      std::memcpy(record_buffer_.data() + to, urb.data.data() + packet.offset + i, frame_bytes);
      ++recorded_;
    }
  }
  submit_capture(now);
  if (recorded_ - read_ > buffer) {
    ++capture_xruns_;
    read_ = recorded_ - recorded_ % pcm_.period_frames;
  }
  const std::size_t period_bytes = std::size_t{pcm_.period_frames} * frame_bytes;
  while (recorded_ - read_ >= pcm_.period_frames) {
    const auto slot = static_cast<std::size_t>((read_ / pcm_.period_frames) % pcm_.periods);
    program_.record(std::span(record_buffer_).subspan(slot * period_bytes, period_bytes), now);
    read_ += pcm_.period_frames;
  }
}

void AudioDriverModel::playback_done(const ModelUrb& urb, Instant now) {
  --submitted_urbs_;
  ++ready_urbs_;
  const std::uint64_t before = played_;
  played_ += urb.length / playback_->frame_bytes;
  if (played_ / pcm_.period_frames != before / pcm_.period_frames) {
    run_player(now);
  } else {
    while (ready_urbs_ > 0 && submit_playback(now)) {
    }
  }
  if (submitted_urbs_ == 0) {  // low-latency mode: nothing in flight is an XRUN (endpoint.c)
    ++playback_xruns_;
    restart_playback(now);
  }
}

void AudioDriverModel::feedback_done(const ModelUrb& urb, Instant now) {
  submit_feedback(now);
  const auto& packet = urb.packets.front();
  if (packet.status != UrbStatus::ok || packet.actual < 3) return;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < packet.actual; ++i)
    value |= std::to_integer<std::uint64_t>(urb.data[i]) << (8 * i);
  value &= packet.actual == 3 ? 0x00FFFFFF : 0x0FFFFFFF;
  if (value == 0) return;
  if (!feedback_known_) {  // the first value fixes the format (snd_usb_handle_sync_urb)
    int shift = 0;
    while (value < nominal_q16_ - nominal_q16_ / 4 && shift < 8) value <<= 1, ++shift;
    while (value > nominal_q16_ + nominal_q16_ / 2 && shift > -8) value >>= 1, --shift;
    feedback_shift_ = shift;
    feedback_known_ = true;
  } else if (feedback_shift_ >= 0) {
    value <<= feedback_shift_;
  } else {
    value >>= -feedback_shift_;
  }
  if (value >= nominal_q16_ - nominal_q16_ / 8 && value <= nominal_q16_ + nominal_q16_ / 2)
    rate_q16_ = value;
}

void AudioDriverModel::disconnected(Instant) {
  running_ = false;
  device_ = nullptr;
  requests_.clear();
}

std::size_t AudioDriverModel::turn(DeviceModel&, Instant) {
  return 0;
}

void AudioDriverModel::stop(DeviceModel& device, Instant now) {
  running_ = false;
  stopping_ = true;
  device.unlink_all();
  for (const auto* stream : {&playback_, &capture_}) {
    if (*stream) set_interface((*stream)->interface, 0, now);
  }
}

}  // namespace usbgw::simulation
