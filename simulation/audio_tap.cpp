#include "simulation/audio_tap.h"

#include "common/byte_order.h"

namespace usbgw::simulation {
namespace {

bool is_after(std::uint32_t a, std::uint32_t b) {
  return static_cast<std::int32_t>(a - b) > 0;
}

}  // namespace

void FrameOrder::note_break(Instant now) {
  if (!has_begun()) return;
  ++breaks_;
  last_break_ = now;
}

void FrameOrder::pass(std::span<const std::byte> bytes, std::size_t frame_bytes, Instant now) {
  bool is_broken = false;
  for (std::size_t at = 0; at + frame_bytes <= bytes.size(); at += frame_bytes) {
    const auto counter = load_le<std::uint32_t>(bytes.data() + at);
    ++frames_;
    if (newest_ == 0 && counter == 0) continue;  // before the first frame
    if (newest_ != 0 && counter != newest_ + 1 && !(counter == 1 && newest_ == UINT32_MAX)) {
      is_broken = true;
    }
    newest_ = counter == 0 ? newest_ : counter;
  }
  if (is_broken) note_break(now);
}

void AudioTap::forget_latencies() {
  in_added_.reset();
  out_added_.reset();
  returned_.reset();
}

void AudioTap::device_sent(std::span<const std::byte> packet, std::int64_t interval, Instant end) {
  if (packet.size() < frame_bytes_) return;
  const auto count = static_cast<std::uint32_t>(packet.size() / frame_bytes_);
  sent_[sent_count_++ % kRemembered] = {load_le<std::uint32_t>(packet.data()), count, interval,
                                        end};
}

void AudioTap::device_starved(bool in, Instant end) {
  if (!in) heard_.gap(end);
}

void AudioTap::device_heard(std::span<const std::byte> packet, Instant end) {
  heard_.pass(packet, frame_bytes_, end);
  if (packet.size() < frame_bytes_) return;
  const auto first = load_le<std::uint32_t>(packet.data());
  if (first == 0) return;
  const auto last = load_le<std::uint32_t>(packet.data() + packet.size() - frame_bytes_);
  if (const Interval* const interval = interval_of(first, heard_cursor_))
    returned_.record((end - interval->end).count());
  newest_heard_ = last;
  newest_heard_at_ = end;
  while (!played_.empty() && !is_after(played_.front().last, last)) {
    if (!is_after(first, played_.front().last))
      out_added_.record((end - played_.front().completed).count());
    played_.pop_front();
  }
}

void AudioTap::completed(const ModelUrb& urb, Instant now) {
  if (urb.packets.empty() || urb.unlinked || urb.status != UrbStatus::ok) return;
  // A feedback value is no audio.
  if (urb.packets.size() == 1 && urb.length <= frame_bytes_) return;
  if (urb.endpoint.is_in()) {
    recorded(urb, now);
  } else {
    played(urb, now);
  }
}

const AudioTap::Interval* AudioTap::interval_of(std::uint32_t counter,
                                                std::uint64_t& cursor) const {
  const std::uint64_t oldest = sent_count_ > kRemembered ? sent_count_ - kRemembered : 0;
  if (cursor < oldest) cursor = oldest;
  if (sent_count_ == 0) return nullptr;
  const Interval& newest = sent_[(sent_count_ - 1) % kRemembered];
  if (is_after(counter, newest.first + newest.count - 1)) return nullptr;  // not sent yet
  for (std::uint64_t at = cursor; at < sent_count_; ++at) {
    const Interval& each = sent_[at % kRemembered];
    if (counter - each.first >= each.count) continue;
    cursor = at;
    return &each;
  }
  return nullptr;
}

void AudioTap::recorded(const ModelUrb& urb, Instant now) {
  std::uint32_t last = 0;
  bool is_whole = true;  // frames of the device, one after the other
  for (const auto& packet : urb.packets) {
    const auto bytes = std::span(urb.data).subspan(packet.offset, packet.actual);
    recorded_.pass(bytes, frame_bytes_, now);
    ++packets_in_;
    if (first_interval_ >= 0) ++packets_;
    for (std::size_t at = 0; at + frame_bytes_ <= bytes.size(); at += frame_bytes_) {
      const auto counter = load_le<std::uint32_t>(bytes.data() + at);
      is_whole = is_whole && counter != 0 && (last == 0 || counter == last + 1);
      last = counter;
    }
  }
  if (!is_whole || last == 0) return;
  if (newest_recorded_ != 0 && !is_after(last, newest_recorded_)) return;  // concealment repeats
  const Interval* const interval = interval_of(last, recorded_cursor_);
  if (interval == nullptr) return;
  newest_recorded_ = last;
  in_added_.record((now - interval->end).count());
  if (first_interval_ < 0) {
    first_interval_ = interval->index;
    packets_ = 1;
  }
  newest_interval_ = interval->index;
  packets_until_newest_ = packets_;
}

void AudioTap::played(const ModelUrb& urb, Instant now) {
  if (urb.data.size() < frame_bytes_) return;
  const auto last = load_le<std::uint32_t>(urb.data.data() + urb.data.size() - frame_bytes_);
  if (last == 0) return;
  if (newest_heard_ != 0 && !is_after(last, newest_heard_)) {
    // The device had it already: on a local bus, that very moment.
    if (last == newest_heard_)
      out_added_.record(std::max<std::int64_t>((newest_heard_at_ - now).count(), 0));
    return;
  }
  if (played_.size() == kMostPlayed) played_.pop_front();
  played_.push_back({last, now});
}

}  // namespace usbgw::simulation
