#include "simulation/capture_stream.h"

#include <utility>

namespace usbgw::simulation {

CaptureStream::CaptureStream(DeviceModel& device, const PcmSettings& pcm, const DataEndpoint& data,
                             AudioProgram& program)
    : frame_bytes_(data.frame_bytes),
      plan_(plan_urbs(pcm, data, device.speed())),
      buffer_(pcm, data.frame_bytes, program),
      in_(device, data.endpoint.address) {}

void CaptureStream::prepare() {
  buffer_.prepare();
  has_xrun_ = false;
}

void CaptureStream::start_endpoint(Instant now) {
  if (in_.is_running()) return;
  in_.start();
  for (std::uint32_t i = 0; i < plan_.urbs; ++i) submit(now);
}

void CaptureStream::submit(Instant now) {
  const std::vector<std::uint32_t> packets(plan_.packets, plan_.packet_bytes);
  in_.submit(packets, plan_.packets * plan_.packet_bytes, now);
}

void CaptureStream::resubmit(Instant now) {
  if (in_.is_running()) submit(now);
}

std::uint32_t CaptureStream::read_some(Instant now) {
  if (has_xrun_) return 0;
  if (is_recording_ && buffer_.call_finds_xrun()) {
    xrun();
    return 0;
  }
  return buffer_.read_some(is_recording_, now);
}

bool CaptureStream::take_wake_up() {
  return std::exchange(is_woken_, false);
}

// What came is copied even where its status is bad.
void CaptureStream::record(const ModelUrb& urb) {
  if (!is_recording_) return;
  bool has_elapsed = false;
  for (const auto& packet : urb.packets) {
    if (packet.status != UrbStatus::ok) ++packet_errors_;
    recorded_ += packet.actual / frame_bytes_;
    if (buffer_.receive(std::span(urb.data).subspan(packet.offset, packet.actual))) {
      has_elapsed = true;
    }
  }
  if (!has_elapsed) return;
  if (!buffer_.period_elapsed()) return xrun();
  if (buffer_.wakes_program()) is_woken_ = true;
}

void CaptureStream::xrun() {
  is_recording_ = false;
  has_xrun_ = true;
  is_woken_ = true;
  ++xruns_;
}

}  // namespace usbgw::simulation
