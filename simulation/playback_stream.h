// The playback side of snd-usb-audio: which URBs it submits when, and of which packets. Rules:
// sound/usb/endpoint.c (snd_usb_endpoint_start, snd_usb_queue_pending_output_urbs,
// snd_complete_urb) and pcm.c (prepare_playback_urb, retire_playback_urb) of Linux 6.1.
//
// Without implicit feedback it is in low-latency mode: URBs carry what the program has written, but
// for the last packet of it; those that find nothing wait for the next completion. With implicit
// feedback each completed capture URB lets one playback URB of the same packets go.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "simulation/iso_endpoint.h"
#include "simulation/packet_sizes.h"
#include "simulation/pcm_buffer.h"
#include "simulation/urb_plan.h"

namespace usbgw::simulation {

class PlaybackStream {
 public:
  PlaybackStream(DeviceModel& device, const PcmSettings& pcm, const DataEndpoint& data,
                 AudioProgram& program);

  // Empties the buffer; with implicit feedback the endpoint runs from here on, with silence.
  void prepare();
  // The program's next copy, frames; starts the stream when the buffer is full. 0: it sleeps, or an
  // XRUN has stopped it.
  [[nodiscard]] std::uint32_t write_some(Instant now);
  // Has the program written a part of a period?
  [[nodiscard]] bool is_in_call() const { return buffer_.is_in_call(); }
  void abandon_call() { buffer_.abandon_call(); }
  void stop();

  // True: the URB was ours.
  [[nodiscard]] bool completed(const ModelUrb& urb, Instant now);
  // A capture URB that implicit feedback follows is back.
  void capture_completed(const ModelUrb& urb, std::uint32_t frame_bytes, Instant now);

  [[nodiscard]] bool is_implicit() const { return data_.source == SyncSource::implicit; }
  [[nodiscard]] bool is_endpoint_running() const { return out_.is_running(); }
  [[nodiscard]] bool is_stopped_by_xrun() const { return has_xrun_; }
  // Is everything that an XRUN left in flight back?
  [[nodiscard]] bool is_idle() const { return out_.is_idle() && feedback_.is_idle(); }
  // Has the program been woken since this was last asked?
  [[nodiscard]] bool take_wake_up();

  [[nodiscard]] std::uint64_t frames_played() const { return played_; }
  [[nodiscard]] std::uint64_t xruns() const { return xruns_; }

 private:
  using Frames = std::vector<std::uint32_t>;  // of each packet

  void start(Instant now);
  void submit_feedback(Instant now);
  void send_ready(Instant now);
  [[nodiscard]] bool send(Instant now);
  [[nodiscard]] std::optional<std::uint32_t> packet_frames(const Frames* wanted, std::size_t index,
                                                           std::uint32_t available);
  [[nodiscard]] Frames fill(const Frames* wanted);
  void count_periods(const Frames& packets);
  void period_elapsed();
  void xrun();

  PcmSettings pcm_;
  DataEndpoint data_;
  UrbPlan plan_;
  PacketSizes sizes_;
  PlaybackBuffer buffer_;
  IsoEndpoint out_;
  IsoEndpoint feedback_;
  bool is_running_ = false;  // triggered
  bool has_xrun_ = false;
  bool is_woken_ = false;
  std::uint32_t ready_ = 0;      // URBs that wait to be filled
  std::uint32_t submitted_ = 0;  // URBs in flight
  std::deque<Frames> wanted_;    // implicit feedback: packets of capture URBs not answered yet
  std::uint32_t in_period_ = 0;
  std::uint32_t frame_limit_ = 0;
  bool is_period_pending_ = false;
  std::uint64_t played_ = 0, xruns_ = 0;
};

}  // namespace usbgw::simulation
