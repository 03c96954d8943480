#include "usbside/device/software/audio_function.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/byte_order.h"
#include "usbside/device/software/counter_pattern.h"

namespace usbgw::device::software {
namespace {

constexpr std::uint8_t kRequestCur = 0x01;  // UAC2, A.14
constexpr std::uint8_t kRequestRange = 0x02;
constexpr std::uint8_t kFrequency = 1;  // clock source control selectors, UAC2 A.17.1
constexpr std::uint8_t kValidity = 2;
constexpr std::uint8_t kEndpointRecipient = 2;

Handshake give(std::span<const std::byte> bytes, std::span<std::byte> room) {
  const std::size_t count = std::min(bytes.size(), room.size());
  std::copy_n(bytes.begin(), count, room.begin());
  return Handshake::ack(count);
}

}  // namespace

AudioFunction::AudioFunction(const AudioOptions& options, Description description)
    : options_(options),
      description_(std::move(description)),
      in_clock_(make_clock()),
      out_clock_(make_clock()),
      judge_(options.rate),
      round_trip_(options.settling),
      // 2 ms ahead, so that a packet that is one frame short starves nothing; at most 100 ms.
      echo_(frame_bytes(), options.rate / 500, options.rate / 10) {}

SampleClock AudioFunction::make_clock() const {
  return {static_cast<double>(options_.rate), options_.crystal_ppm, packets_per_second(options_)};
}

Handshake AudioFunction::select_rate(std::uint32_t rate) {
  if (options_.other_rate == 0) return Handshake::ack();  // the one that there is
  if (rate == options_.other_rate) {
    std::swap(options_.rate, options_.other_rate);
    in_clock_ = out_clock_ = make_clock();
  }
  return rate == options_.rate ? Handshake::ack() : Handshake::stall();
}

// The frequencies are subranges of one value each, in ascending order (UAC2, 5.2.3.3).
Handshake AudioFunction::answer_clock(const SetupPacket& setup, std::span<std::byte> data) {
  const auto selector = static_cast<std::uint8_t>(setup.value >> 8);
  if (!setup.is_in()) {
    if (selector != kFrequency) return Handshake::stall();
    return select_rate(data.size() == 4 ? load_le<std::uint32_t>(data.data()) : options_.rate);
  }
  std::array<std::byte, 2 + 2 * 12> bytes{};
  if (selector == kValidity) {
    bytes[0] = std::byte{1};
    return give(std::span(bytes).first(1), data);
  }
  if (selector != kFrequency) return Handshake::stall();
  if (setup.request == kRequestCur) {
    store_le<std::uint32_t>(bytes.data(), options_.rate);
    return give(std::span(bytes).first(4), data);
  }
  if (setup.request != kRequestRange) return Handshake::stall();
  std::uint16_t count = 0;
  for (const std::uint32_t rate : {std::min(options_.rate, options_.other_rate),
                                   std::max(options_.rate, options_.other_rate)}) {
    if (rate == 0) continue;
    const std::size_t at = 2 + std::size_t{12} * count++;
    store_le<std::uint32_t>(bytes.data() + at, rate);
    store_le<std::uint32_t>(bytes.data() + at + 4, rate);
  }
  store_le<std::uint16_t>(bytes.data(), count);
  return give(std::span(bytes).first(2 + std::size_t{12} * count), data);
}

Handshake AudioFunction::control(const SetupPacket& setup, std::span<std::byte> data, Instant) {
  const bool is_class = (setup.request_type & 0x60) == 0x20;
  if (!is_class) return Handshake::stall();
  if (options_.audio_class == AudioClass::uac2) {
    if (setup.index >> 8 != kClockSource) return Handshake::stall();
    return answer_clock(setup, data);
  }
  // UAC1, 5.2.3.2.3.1: sampling frequency of an endpoint, three bytes.
  const bool is_rate = (setup.request_type & 0x1F) == kEndpointRecipient && setup.value >> 8 == 1;
  if (!is_rate) return Handshake::stall();
  std::array<std::byte, 4> bytes{};
  if (!setup.is_in()) {
    std::copy_n(data.begin(), std::min<std::size_t>(data.size(), 3), bytes.begin());
    return select_rate(load_le<std::uint32_t>(bytes.data()));
  }
  store_le<std::uint32_t>(bytes.data(), options_.rate);
  return give(std::span(bytes).first(3), data);
}

void AudioFunction::set_interface(std::uint8_t interface, std::uint8_t alternate, Instant) {
  if (interface != kAudioInInterface || alternate == 0) return;
  counter_ = 0;
  in_clock_ = make_clock();
  round_trip_.restart();
}

void AudioFunction::iso_start(EndpointAddress endpoint, ServiceInterval interval) {
  if (endpoint == kAudioIn) {
    ++in_.streams;
    in_pending_ = 0;
    in_began_ = interval.begin;
  } else if (endpoint == kAudioOut) {
    judge_.start_run();
    out_pending_ = 0;
    out_began_ = interval.begin;
    out_clock_ = make_clock();
    out_.fifo = out_.fifo_min = out_.fifo_max = 0;
    plays_ = false;
  }
}

void AudioFunction::iso_stop(EndpointAddress endpoint) {
  if (endpoint == kAudioOut) judge_.end_run();
}

std::size_t AudioFunction::iso_in(EndpointAddress endpoint, std::span<std::byte> room,
                                  ServiceInterval interval) {
  if (endpoint == kAudioFeedback) return send_feedback(room);
  if (endpoint == kAudioIn) return send_samples(room, interval.begin);
  return 0;
}

std::size_t AudioFunction::send_feedback(std::span<std::byte> room) {
  ++out_.feedbacks;
  // USB 2.0, 5.12.4.2: 16.16 in four bytes at high speed, 10.14 in three at full speed.
  // Frames of one (micro)frame, however many of them a packet spans.
  const bool is_high = description_.speed == Speed::high;
  std::array<std::byte, 4> bytes{};
  const int places = is_high ? 16 - options_.interval_exponent : 14;
  store_le<std::uint32_t>(bytes.data(), out_clock_.feedback(places));
  return give(std::span(bytes).first(is_high ? 4 : 3), room).bytes;
}

bool AudioFunction::is_fault_due(bool in, Instant when) {
  if (has_faulted_ || options_.fault.kind == SampleFault::Kind::none) return false;
  if (options_.fault.in != in || when - (in ? in_began_ : out_began_) < options_.fault.at) {
    return false;
  }
  has_faulted_ = true;
  return true;
}

std::size_t AudioFunction::send_samples(std::span<std::byte> room, Instant when) {
  in_.starved += in_pending_;
  in_.starved_events += in_pending_ != 0 ? 1u : 0u;
  in_pending_ = 0;
  const std::size_t wanted = in_clock_.tick();
  const std::size_t count = std::min(wanted, room.size() / frame_bytes());
  in_.cut += wanted - count;
  const bool is_faulty = is_fault_due(true, when);
  if (is_faulty && options_.fault.kind == SampleFault::Kind::drop) ++counter_;
  if (is_faulty && options_.fault.kind == SampleFault::Kind::repeat) --counter_;
  round_trip_.sent(next_counter(counter_), static_cast<std::uint32_t>(count), when);
  for (std::size_t i = 0; i < count; ++i) {
    counter_ = next_counter(counter_);
    write_frame(room.subspan(i * frame_bytes(), frame_bytes()), counter_);
  }
  if (options_.returns_output) echo_.say(room.first(count * frame_bytes()));
  if (is_faulty && options_.fault.kind == SampleFault::Kind::alter && count != 0) {
    room[0] ^= std::byte{0x10};
  }
  counter_ += static_cast<std::uint32_t>(wanted - count);
  ++in_.packets;
  in_.frames += count;
  return count * frame_bytes();
}

// A device that has been sent nothing has nothing to play.
void AudioFunction::play_interval() {
  if (!plays_) return;
  out_.fifo_max = std::max(out_.fifo_max, out_.fifo);
  out_.fifo -= out_clock_.tick();
  out_.fifo_min = std::min(out_.fifo_min, out_.fifo);
}

void AudioFunction::hear(std::span<const std::byte> frame) {
  const FrameReading reading = read_frame(frame);
  judge_.frame(reading.counter, reading.is_intact);
}

void AudioFunction::iso_out(EndpointAddress endpoint, std::span<const std::byte> packet,
                            ServiceInterval interval) {
  if (endpoint != kAudioOut) return;
  if (std::exchange(out_pending_, 0) != 0) ++out_.late_events;
  ++out_.packets;
  if (packet.size() % frame_bytes() != 0) ++out_.bad_length;
  const std::size_t count = packet.size() / frame_bytes();
  out_.fifo += static_cast<std::int64_t>(count);
  plays_ = plays_ || count > 0;
  play_interval();
  if (count == 0) return;
  if (options_.returns_output) echo_.hear(packet);
  const auto kind =
      is_fault_due(false, interval.begin) ? options_.fault.kind : SampleFault::Kind::none;
  const auto first = packet.first(frame_bytes());
  const FrameReading reading = read_frame(first);
  if (reading.counter != 0) round_trip_.came_back(reading.counter, interval.begin);
  if (kind == SampleFault::Kind::repeat) hear(first);
  if (kind == SampleFault::Kind::alter) {
    judge_.frame(reading.counter ^ 0x10, reading.is_intact);
  } else if (kind != SampleFault::Kind::drop) {
    hear(first);
  }
  for (std::size_t i = 1; i < count; ++i) hear(packet.subspan(i * frame_bytes(), frame_bytes()));
}

void AudioFunction::iso_starved(EndpointAddress endpoint, ServiceInterval) {
  if (endpoint == kAudioIn) {
    ++in_pending_;
    counter_ += in_clock_.tick();
  } else if (endpoint == kAudioOut) {
    ++out_pending_;
    judge_.starved_interval();
    play_interval();
  }
}

}  // namespace usbgw::device::software
