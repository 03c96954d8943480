// Duplex audio device, UAC1 or UAC2, that sends the counter pattern and judges what it is sent.
// Strict: an interval that nobody fetched loses its samples, one that nobody filled is a fault.
#pragma once

#include <cstdint>
#include <string>

#include "usbside/device/software/audio_descriptors.h"
#include "usbside/device/software/counter_judge.h"
#include "usbside/device/software/echo.h"
#include "usbside/device/software/round_trip.h"
#include "usbside/device/software/sample_clock.h"

namespace usbgw::device::software {

struct AudioInCounters {
  std::uint64_t streams = 0;
  std::uint64_t packets = 0;
  std::uint64_t frames = 0;
  std::uint64_t starved = 0;  // intervals lost inside a stream; their samples are gone
  std::uint64_t starved_events = 0;
  std::uint64_t cut = 0;  // samples that the host's packet had no room for
};

struct AudioOutCounters {
  std::uint64_t packets = 0;
  std::uint64_t bad_length = 0;   // not whole frames
  std::uint64_t late_events = 0;  // a packet that came after its interval had passed
  std::uint64_t feedbacks = 0;
  std::int64_t fifo = 0;  // frames received minus frames played, since the stream's first frame
  std::int64_t fifo_min = 0;
  std::int64_t fifo_max = 0;
};

class AudioFunction final : public Function {
 public:
  AudioFunction(const AudioOptions& options, Description description);

  [[nodiscard]] const Description& description() const override { return description_; }
  [[nodiscard]] Handshake control(const SetupPacket& setup, std::span<std::byte> data,
                                  Instant now) override;
  // The count begins anew with the alternate setting, and goes on when a stream is only restarted:
  // a recording shows what an overrun lost.
  void set_interface(std::uint8_t interface, std::uint8_t alternate, Instant now) override;
  void iso_start(EndpointAddress endpoint, ServiceInterval interval) override;
  void iso_stop(EndpointAddress endpoint) override;
  [[nodiscard]] std::size_t iso_in(EndpointAddress endpoint, std::span<std::byte> room,
                                   ServiceInterval interval) override;
  void iso_out(EndpointAddress endpoint, std::span<const std::byte> packet,
               ServiceInterval interval) override;
  void iso_starved(EndpointAddress endpoint, ServiceInterval interval) override;
  [[nodiscard]] std::string statistics() const override;
  [[nodiscard]] std::string summary() const override;

  [[nodiscard]] JudgeReport judge() const { return judge_.report(); }
  [[nodiscard]] const AudioInCounters& in() const { return in_; }
  [[nodiscard]] const AudioOutCounters& out() const { return out_; }
  [[nodiscard]] const Histogram& round_trip() const { return round_trip_.histogram(); }

 private:
  [[nodiscard]] std::size_t frame_bytes() const {
    return static_cast<std::size_t>(options_.channels) * 2;
  }
  [[nodiscard]] SampleClock make_clock() const;
  [[nodiscard]] Handshake answer_clock(const SetupPacket& setup, std::span<std::byte> data);
  // The driver's choice; other rates than ours are refused.
  [[nodiscard]] Handshake select_rate(std::uint32_t rate);
  [[nodiscard]] std::size_t send_samples(std::span<std::byte> room, Instant when);
  [[nodiscard]] std::size_t send_feedback(std::span<std::byte> room);
  [[nodiscard]] bool is_fault_due(bool in, Instant when);
  void play_interval();
  void hear(std::span<const std::byte> frame);

  AudioOptions options_;
  Description description_;
  SampleClock in_clock_;
  SampleClock out_clock_;
  std::uint32_t counter_ = 0;     // newest sent
  std::uint64_t in_pending_ = 0;  // starved IN intervals, until the stream goes on
  std::uint64_t out_pending_ = 0;
  Instant in_began_{};
  Instant out_began_{};
  bool plays_ = false;  // frames have come in this stream
  bool has_faulted_ = false;
  AudioInCounters in_;
  AudioOutCounters out_;
  CounterJudge judge_;
  RoundTrip round_trip_;
  Echo echo_;
};

}  // namespace usbgw::device::software
