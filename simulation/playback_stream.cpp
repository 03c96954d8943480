#include "simulation/playback_stream.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

namespace usbgw::simulation {
namespace {

constexpr std::uint32_t kFeedbackUrbs = 4;       // SYNC_URBS, sound/usb/card.h
constexpr std::uint32_t kFeedbackUrbBytes = 4;   // sync_ep_set_params
constexpr std::size_t kMostUnansweredUrbs = 12;  // next_packet[MAX_URBS]

}  // namespace

PlaybackStream::PlaybackStream(DeviceModel& device, const PcmSettings& pcm,
                               const DataEndpoint& data, AudioProgram& program)
    : pcm_(pcm),
      data_(data),
      plan_(plan_urbs(pcm, data, device.speed())),
      sizes_(plan_, data.source, pcm.rate),
      buffer_(pcm, data.frame_bytes, program),
      out_(device, data.endpoint.address),
      feedback_(device, data.sync ? data.sync->address : EndpointAddress()) {}

void PlaybackStream::prepare() {
  buffer_.prepare();
  in_period_ = 0;
  is_period_pending_ = false;
  has_xrun_ = false;
  if (!is_implicit() || out_.is_running()) return;
  out_.start();
  sizes_.restart();
  ready_ = plan_.urbs;
  submitted_ = 0;
}

std::uint32_t PlaybackStream::write_some(Instant now) {
  if (has_xrun_) return 0;
  if (is_running_ && buffer_.call_finds_xrun()) {
    xrun();
    return 0;
  }
  const std::uint32_t frames = buffer_.write_some(is_running_, now);
  if (frames > 0 && !is_running_ && buffer_.is_full()) start(now);
  return frames;
}

void PlaybackStream::start(Instant now) {
  if (!is_implicit()) {
    out_.start();
    sizes_.restart();
    ready_ = plan_.urbs;
    submitted_ = 0;
    send_ready(now);
    if (submitted_ == 0) return xrun();
    feedback_.start();
    for (std::uint32_t i = 0; data_.sync && i < kFeedbackUrbs; ++i) submit_feedback(now);
  }
  is_running_ = true;
}

void PlaybackStream::stop() {
  is_running_ = false;
  ready_ = 0;
  wanted_.clear();
  feedback_.stop();
  out_.stop();
}

void PlaybackStream::xrun() {
  stop();
  has_xrun_ = true;
  is_woken_ = true;
  ++xruns_;
}

bool PlaybackStream::take_wake_up() {
  return std::exchange(is_woken_, false);
}

void PlaybackStream::submit_feedback(Instant now) {
  const std::array<std::uint32_t, 1> packet{
      std::min<std::uint32_t>(kFeedbackUrbBytes, data_.sync->max_packet)};
  feedback_.submit(packet, kFeedbackUrbBytes, now);
}

void PlaybackStream::send_ready(Instant now) {
  while (out_.is_running() && ready_ > 0 && (!is_implicit() || !wanted_.empty())) {
    if (!send(now)) break;
  }
}

// One URB. False: there is nothing to send.
bool PlaybackStream::send(Instant now) {
  Frames packets;
  if (is_implicit()) {
    packets = fill(&wanted_.front());
    wanted_.pop_front();
  } else {
    packets = fill(nullptr);
  }
  const std::uint32_t frames = std::accumulate(packets.begin(), packets.end(), 0u);
  if (frames == 0) return false;
  std::vector<std::byte> data(std::size_t{frames} * data_.frame_bytes);
  const bool is_silent = is_implicit() && !is_running_;
  if (!is_silent) {
    buffer_.send(data);
    count_periods(packets);
  }
  if (!out_.is_running()) return false;  // that was an XRUN
  for (auto& packet : packets) packet *= data_.frame_bytes;
  out_.submit(packets, std::move(data), now);
  --ready_;
  ++submitted_;
  return true;
}

std::optional<std::uint32_t> PlaybackStream::packet_frames(const Frames* wanted, std::size_t index,
                                                           std::uint32_t available) {
  if (wanted == nullptr || (*wanted)[index] == 0) return sizes_.next(available);
  const std::uint32_t frames = std::min((*wanted)[index], plan_.max_packet_frames);
  if (frames >= available) return std::nullopt;
  return frames;
}

// An URB ends where a period does, or after its share of one; with implicit feedback it is as long
// as the capture URB.
PlaybackStream::Frames PlaybackStream::fill(const Frames* wanted) {
  const std::size_t most =
      wanted != nullptr ? std::min<std::size_t>(wanted->size(), plan_.packets) : plan_.packets;
  const std::uint32_t most_frames = plan_.packets * plan_.packet_bytes / data_.frame_bytes;
  const std::uint32_t limit = frame_limit_ + plan_.max_urb_frames;
  std::uint32_t available = is_implicit() ? kNoLimit : buffer_.unsent();
  std::uint32_t frames = 0;
  Frames packets;
  while (packets.size() < most) {
    const auto count = packet_frames(wanted, packets.size(), available);
    if (!count || frames + *count > most_frames) break;
    packets.push_back(*count);
    frames += *count;
    available -= *count;
    const std::uint32_t in_period = in_period_ + frames;
    if (!is_implicit() && (in_period >= pcm_.period_frames || in_period >= limit)) break;
  }
  return packets;
}

// One period at most ends in a packet, however long the packet is.
void PlaybackStream::count_periods(const Frames& packets) {
  bool has_elapsed = false;
  frame_limit_ += plan_.max_urb_frames;
  for (const std::uint32_t frames : packets) {
    in_period_ += frames;
    if (in_period_ < pcm_.period_frames) continue;
    in_period_ -= pcm_.period_frames;
    frame_limit_ = 0;
    has_elapsed = true;
  }
  if (!has_elapsed) return;
  // While the stream is being started nobody may be told; the first completion does it.
  if (is_running_) {
    period_elapsed();
  } else {
    is_period_pending_ = true;
  }
}

void PlaybackStream::period_elapsed() {
  if (!buffer_.period_elapsed()) return xrun();
  if (buffer_.wakes_program()) is_woken_ = true;
}

bool PlaybackStream::completed(const ModelUrb& urb, Instant now) {
  if (data_.sync && feedback_.owns(urb)) {
    if (!feedback_.take(urb)) return true;
    const auto& packet = urb.packets.front();
    if (packet.status == UrbStatus::ok) {
      sizes_.take_feedback(std::span(urb.data).subspan(packet.offset, packet.actual));
    }
    submit_feedback(now);
    return true;
  }
  if (!out_.owns(urb)) return false;
  if (!out_.take(urb)) return true;
  played_ += urb.length / data_.frame_bytes;
  if (is_running_ && std::exchange(is_period_pending_, false)) period_elapsed();
  if (!out_.is_running()) return true;
  ++ready_;
  send_ready(now);
  --submitted_;
  if (submitted_ == 0 && !is_implicit() && out_.is_running()) xrun();
  return true;
}

void PlaybackStream::capture_completed(const ModelUrb& urb, std::uint32_t frame_bytes,
                                       Instant now) {
  if (!is_implicit() || !out_.is_running()) return;
  Frames packets;
  for (const auto& packet : urb.packets) {
    const bool is_good = packet.status == UrbStatus::ok;
    packets.push_back(is_good ? std::min(packet.actual / frame_bytes, plan_.max_packet_frames) : 0);
  }
  // A device that was sent an empty URB may stop.
  const bool is_empty = std::all_of(urb.packets.begin(), urb.packets.end(), [](const auto& packet) {
    return packet.status != UrbStatus::ok || packet.actual == 0;
  });
  if (is_empty) return;
  if (wanted_.size() >= kMostUnansweredUrbs) {
    if (is_running_) xrun();
    return;
  }
  wanted_.push_back(std::move(packets));
  send_ready(now);
}

}  // namespace usbgw::simulation
