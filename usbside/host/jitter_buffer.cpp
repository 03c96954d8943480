#include "usbside/host/jitter_buffer.h"

#include <algorithm>

#include "usbside/host/concealment.h"

namespace usbgw::host {
namespace {

constexpr Duration kRepeated = std::chrono::milliseconds(4);
constexpr Duration kFade = std::chrono::milliseconds(10);
constexpr std::size_t kLeastFeedback = 3;  // 10.14 at full speed; 16.16 has 4 (USB 2.0, 5.12.4.2)

double gain_after(std::int64_t intervals, Duration interval) {
  const auto concealed = static_cast<double>(intervals * interval.count());
  return std::max(1.0 - concealed / static_cast<double>(kFade.count()), 0.0);
}

}  // namespace

JitterBuffer::JitterBuffer(const EndpointInfo& info, std::size_t intervals)
    : info_(info),
      window_(intervals, std::max(info.interval_bytes, 1u)),
      nominal_(info.audio == nullptr ? 0 : info.audio->frame_bytes()),
      look_back_(look_back(info.interval)) {
  expect_rate();
}

std::int64_t JitterBuffer::look_back(Duration interval) {
  return std::max<std::int64_t>(kRepeated / interval, 1);
}

void JitterBuffer::expect_rate() {
  if (info_.audio == nullptr) return;
  const double seconds = std::chrono::duration<double>(info_.interval).count();
  nominal_.expect(static_cast<double>(info_.sample_rate) * info_.audio->frame_bytes() * seconds);
}

void JitterBuffer::set_sample_rate(std::uint32_t hertz) {
  if (hertz == 0 || hertz == info_.sample_rate) return;
  info_.sample_rate = hertz;
  expect_rate();
}

JitterBuffer::Received JitterBuffer::receive(const wire::IsochronousBody& body, std::int64_t first,
                                             std::int64_t decided, Provenance provenance) {
  Received received;
  for (std::size_t i = 0; i < body.history_count; ++i) {
    note_length(first - static_cast<std::int64_t>(body.history_count - i), body.history[i],
                decided);
  }
  std::size_t at = 0;
  for (std::size_t i = 0; i < body.count; ++i) {
    const std::int64_t index = first + static_cast<std::int64_t>(i);
    const std::size_t bytes = body.is_fragment ? body.payload.size() : body.intervals[i].length;
    const auto payload = body.payload.subspan(at, bytes);
    at += bytes;
    note_feedback(body, i, index, payload);
    if (index >= decided) {
      file(body, i, index, payload, provenance);
      continue;
    }
    const IntervalSlot* slot = window_.find(index);
    if (slot == nullptr || !slot->is_decided || slot->is_whole) continue;
    settle(index, body.intervals[i].length);
    ++received.late;
    received.newest_late = index;
  }
  account_.late += received.late;
  return received;
}

void JitterBuffer::file(const wire::IsochronousBody& body, std::size_t i, std::int64_t index,
                        std::span<const std::byte> payload, Provenance provenance) {
  IntervalSlot* slot = window_.touch(index);
  if (slot == nullptr) return;
  static_cast<void>(
      window_.file(*slot, body.intervals[i], body.fragment_offset, payload, provenance));
}

void JitterBuffer::note_length(std::int64_t index, std::uint32_t length, std::int64_t decided) {
  if (index < 0 || length > window_.packet_bytes()) return;
  if (index < decided) {
    settle(index, length);
    return;
  }
  IntervalSlot* slot = window_.touch(index);
  if (slot == nullptr || slot->has_length) return;
  slot->length = length;
  slot->has_length = true;
}

// The true length of an interval that was bridged with a guess has become known.
void JitterBuffer::settle(std::int64_t index, std::uint32_t true_length) {
  IntervalSlot* slot = window_.find(index);
  if (slot == nullptr || !slot->was_guessed) return;
  slot->was_guessed = false;
  owed_ += std::int64_t{true_length} - slot->given;
}

void JitterBuffer::note_feedback(const wire::IsochronousBody& body, std::size_t i,
                                 std::int64_t index, std::span<const std::byte> payload) {
  if (info_.content != StreamContent::feedback || index <= feedback_index_) return;
  if (body.intervals[i].state != wire::IntervalState::ok || body.is_fragment) return;
  if (payload.size() < kLeastFeedback || payload.size() > feedback_.size()) return;
  std::copy(payload.begin(), payload.end(), feedback_.begin());
  feedback_bytes_ = static_cast<std::uint32_t>(payload.size());
  feedback_index_ = index;
}

JitterBuffer::Packet JitterBuffer::take(std::int64_t index, std::span<std::byte> to) {
  IntervalSlot* slot = window_.touch(index);
  const bool is_present = slot != nullptr && slot->is_whole && is_usable(*slot);
  Packet packet;
  if (is_present && slot->state == wire::IntervalState::device_gap) {
    ++account_.device_gap;
    packet = take_gap(to);
  } else if (is_present) {
    count(slot->provenance);
    packet = take_present(*slot, to);
  } else {
    ++account_.concealed;
    packet = take_missing(slot, index, to);
  }
  concealed_run_ = is_present ? 0 : concealed_run_ + 1;
  if (slot == nullptr) return packet;
  slot->is_decided = true;
  slot->given = packet.actual;
  const bool is_device_data = is_present && slot->state != wire::IntervalState::device_gap;
  if (is_audio() && !is_device_data) keep(*slot, to.first(packet.actual));
  return packet;
}

bool JitterBuffer::is_usable(const IntervalSlot& slot) const {
  return slot.state != wire::IntervalState::error || !is_audio();
}

void JitterBuffer::keep(IntervalSlot& slot, std::span<const std::byte> given) {
  const auto kept = window_.bytes(slot);
  std::copy_n(given.begin(), std::min(given.size(), kept.size()), kept.begin());
}

JitterBuffer::Packet JitterBuffer::take_present(IntervalSlot& slot, std::span<std::byte> to) {
  if (info_.content == StreamContent::feedback) return take_feedback(to);
  const auto bytes = window_.bytes(slot).first(slot.length);
  const auto fits = static_cast<std::uint32_t>(std::min<std::size_t>(bytes.size(), to.size()));
  std::copy_n(bytes.begin(), fits, to.begin());
  if (is_audio()) {
    nominal_.observe(slot.length);
    return {repay(fits, to), fits < slot.length ? UrbStatus::overflow : UrbStatus::ok};
  }
  if (fits < slot.length) return {fits, UrbStatus::overflow};
  return {fits,
          slot.state == wire::IntervalState::error ? UrbStatus::protocol_error : UrbStatus::ok};
}

JitterBuffer::Packet JitterBuffer::take_missing(IntervalSlot* slot, std::int64_t index,
                                                std::span<std::byte> to) {
  if (info_.content == StreamContent::feedback) return take_feedback(to);
  if (!is_audio()) return {0, UrbStatus::cross_device};
  const bool is_known = slot != nullptr && slot->has_length && is_usable(*slot);
  const std::uint32_t length = is_known ? slot->length : nominal_.next();
  const auto fits = static_cast<std::uint32_t>(std::min<std::size_t>(length, to.size()));
  // With a bus error there is no true length that could become known.
  if (slot != nullptr) slot->was_guessed = !is_known && !slot->is_whole;
  conceal(index, to.first(fits));
  return {fits, UrbStatus::ok};
}

// The bus ran on without data: the samples are lost in the device, the time is not.
JitterBuffer::Packet JitterBuffer::take_gap(std::span<std::byte> to) {
  if (info_.content == StreamContent::feedback) return take_feedback(to);
  if (!is_audio()) return {0, UrbStatus::cross_device};
  const auto length = static_cast<std::uint32_t>(std::min<std::size_t>(nominal_.next(), to.size()));
  std::fill_n(to.begin(), length, silence());
  return {length, UrbStatus::ok};
}

JitterBuffer::Packet JitterBuffer::take_feedback(std::span<std::byte> to) const {
  const auto length = static_cast<std::uint32_t>(std::min<std::size_t>(feedback_bytes_, to.size()));
  std::copy_n(feedback_.begin(), length, to.begin());
  return {length, UrbStatus::ok};
}

JitterBuffer::Packet JitterBuffer::lead_in(std::span<std::byte> to) {
  ++account_.lead_in;
  if (info_.content == StreamContent::other) return {0, UrbStatus::cross_device};
  if (!is_audio()) return {0, UrbStatus::ok};
  const auto length = static_cast<std::uint32_t>(std::min<std::size_t>(nominal_.next(), to.size()));
  std::fill_n(to.begin(), length, silence());
  return {length, UrbStatus::ok};
}

std::uint32_t JitterBuffer::repay(std::uint32_t length, std::span<std::byte> to) {
  const std::uint32_t frame = nominal_.frame_bytes();
  if (frame == 0 || length < 2 * frame) return length;
  if (owed_ >= std::int64_t{frame} && length + frame <= to.size()) {
    std::copy_n(to.begin() + (length - frame), frame, to.begin() + length);
    owed_ -= frame;
    return length + frame;
  }
  if (owed_ <= -std::int64_t{frame}) {
    owed_ += frame;
    return length - frame;
  }
  return length;
}

void JitterBuffer::conceal(std::int64_t index, std::span<std::byte> to) {
  const IntervalSlot* from = index < look_back_ ? nullptr : window_.find(index - look_back_);
  if (info_.audio == nullptr || from == nullptr || !from->is_decided) {
    std::fill(to.begin(), to.end(), silence());
    return;
  }
  const auto usable = std::min(from->given, window_.packet_bytes());
  conceal_pcm(*info_.audio, window_.bytes(*from).first(usable),
              gain_after(concealed_run_, info_.interval),
              gain_after(concealed_run_ + 1, info_.interval), to);
}

void JitterBuffer::count_unlinked(std::int64_t intervals) {
  account_.unlinked += static_cast<std::uint64_t>(intervals);
}

void JitterBuffer::count(Provenance provenance) {
  switch (provenance) {
    case Provenance::direct:
      ++account_.direct;
      break;
    case Provenance::repaired:
      ++account_.repaired;
      break;
    case Provenance::retransmitted:
      ++account_.retransmitted;
      break;
  }
}

std::byte JitterBuffer::silence() const {
  return info_.audio == nullptr ? std::byte{0} : info_.audio->silence;
}

}  // namespace usbgw::host
