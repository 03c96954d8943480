// The capture side of snd-usb-audio. Its URBs may run for a recording, for a playback stream that
// implicit feedback ties to it, or for both. Rules: sound/usb/endpoint.c (prepare_inbound_urb) and
// pcm.c (retire_capture_urb) of Linux 6.1.
#pragma once

#include <cstdint>

#include "simulation/iso_endpoint.h"
#include "simulation/pcm_buffer.h"
#include "simulation/urb_plan.h"

namespace usbgw::simulation {

class CaptureStream {
 public:
  CaptureStream(DeviceModel& device, const PcmSettings& pcm, const DataEndpoint& data,
                AudioProgram& program);

  void prepare();
  // Submits all URBs, unless they are in flight for the other user.
  void start_endpoint(Instant now);
  void stop_endpoint() { in_.stop(); }
  // The recording begins or ends; the endpoint is the owner's business.
  void start_recording() { is_recording_ = true; }
  void stop_recording() { is_recording_ = false; }
  // The program's next copy, frames; 0: it sleeps, or an XRUN has ended the recording.
  [[nodiscard]] std::uint32_t read_some(Instant now);
  // Has the program read a part of a period?
  [[nodiscard]] bool is_in_call() const { return buffer_.is_in_call(); }
  void abandon_call() { buffer_.abandon_call(); }

  [[nodiscard]] bool owns(const ModelUrb& urb) const { return in_.owns(urb); }
  [[nodiscard]] bool take(const ModelUrb& urb) { return in_.take(urb); }
  void record(const ModelUrb& urb);
  // The URB goes round again, if the endpoint still runs.
  void resubmit(Instant now);

  [[nodiscard]] bool is_recording() const { return is_recording_; }
  [[nodiscard]] bool is_stopped_by_xrun() const { return has_xrun_; }
  [[nodiscard]] bool is_idle() const { return in_.is_idle(); }
  [[nodiscard]] bool is_endpoint_running() const { return in_.is_running(); }
  [[nodiscard]] bool take_wake_up();
  [[nodiscard]] std::uint32_t frame_bytes() const { return frame_bytes_; }

  [[nodiscard]] std::uint64_t frames_recorded() const { return recorded_; }
  [[nodiscard]] std::uint64_t xruns() const { return xruns_; }
  [[nodiscard]] std::uint64_t packet_errors() const { return packet_errors_; }

 private:
  void submit(Instant now);
  void xrun();

  std::uint32_t frame_bytes_;
  UrbPlan plan_;
  CaptureBuffer buffer_;
  IsoEndpoint in_;
  bool is_recording_ = false;
  bool has_xrun_ = false;
  bool is_woken_ = false;
  std::uint64_t recorded_ = 0, xruns_ = 0, packet_errors_ = 0;
};

}  // namespace usbgw::simulation
