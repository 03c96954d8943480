// A model of snd-usb-audio and the ALSA buffer above it: how many URBs of how many packets it keeps
// in flight, when it submits them again, when it reports an XRUN. Rules: sound/usb/endpoint.c
// (data_ep_set_params, snd_complete_urb) and pcm.c (prepare_playback_urb) of Linux 6.1.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "simulation/audio_program.h"
#include "simulation/usb_core_model.h"

namespace usbgw::simulation {

struct PcmSettings {
  std::uint32_t rate = 48000;
  std::uint32_t period_frames = 128;
  std::uint32_t periods = 2;
  bool playback = true;
  bool capture = true;
};

// What data_ep_set_params decides for one endpoint.
struct UrbPlan {
  std::uint32_t urbs = 0;
  std::uint32_t packets = 0;         // most packets in one URB
  std::uint32_t packet_bytes = 0;    // most bytes in one packet
  std::uint32_t max_urb_frames = 0;  // playback: frames in one URB
};
[[nodiscard]] UrbPlan plan_urbs(const PcmSettings& pcm, const wire::Endpoint& data,
                                const wire::Endpoint* feedback, std::uint32_t frame_bytes,
                                Speed speed);

class AudioDriverModel final : public DriverModel {
 public:
  AudioDriverModel(const PcmSettings& pcm, AudioProgram& program) : pcm_(pcm), program_(program) {}

  void configured(DeviceModel& device, const wire::Configuration& configuration,
                  Instant now) override;
  void completed(DeviceModel& device, ModelUrb&& urb, Instant now) override;
  void disconnected(Instant now) override;
  std::size_t turn(DeviceModel& device, Instant now) override;

  // Unlinks everything and selects alternate setting 0, as closing the PCM does.
  void stop(DeviceModel& device, Instant now);

  [[nodiscard]] std::uint64_t playback_xruns() const { return playback_xruns_; }
  [[nodiscard]] std::uint64_t capture_xruns() const { return capture_xruns_; }
  [[nodiscard]] std::uint64_t urb_errors() const { return urb_errors_; }
  [[nodiscard]] bool is_running() const { return running_; }
  [[nodiscard]] std::uint64_t frames_played() const { return played_; }
  [[nodiscard]] std::uint64_t frames_recorded() const { return recorded_; }
  [[nodiscard]] DeviceModel* device() const { return device_; }
  [[nodiscard]] std::uint64_t errors_unsupported() const { return unsupported_; }

 private:
  struct Stream {
    std::uint8_t interface = 0;
    std::uint8_t alternate = 0;
    wire::Endpoint endpoint;
    std::optional<wire::Endpoint> feedback;
    std::uint32_t frame_bytes = 0;
    UrbPlan plan;
  };

  [[nodiscard]] std::optional<Stream> choose(const wire::Configuration& configuration,
                                             Direction direction) const;
  void set_interface(std::uint8_t interface, std::uint8_t alternate, Instant now);
  void start(Instant now);
  void submit_capture(Instant now);
  [[nodiscard]] bool submit_playback(Instant now);
  void submit_feedback(Instant now);
  void capture_done(const ModelUrb& urb, Instant now);
  void playback_done(const ModelUrb& urb, Instant now);
  void feedback_done(const ModelUrb& urb, Instant now);
  void run_player(Instant now);
  void restart_playback(Instant now);
  [[nodiscard]] std::uint32_t next_packet_frames();

  PcmSettings pcm_;
  AudioProgram& program_;
  DeviceModel* device_ = nullptr;
  std::optional<Stream> playback_;
  std::optional<Stream> capture_;
  std::deque<SetupPacket> requests_;
  bool running_ = false;
  bool stopping_ = false;

  // Playback, in frames since start: what the program wrote, what URBs carry, what completed.
  std::uint64_t written_ = 0, queued_ = 0, played_ = 0;
  std::vector<std::byte> play_buffer_;
  std::uint32_t ready_urbs_ = 0;
  std::uint32_t submitted_urbs_ = 0;
  std::uint64_t rate_q16_ = 0;  // frames per packet, 16.16, after the newest feedback
  std::uint64_t nominal_q16_ = 0;
  std::uint64_t phase_q16_ = 0;
  int feedback_shift_ = 0;
  bool feedback_known_ = false;

  // Capture.
  std::uint64_t recorded_ = 0, read_ = 0;
  std::vector<std::byte> record_buffer_;

  std::uint64_t playback_xruns_ = 0, capture_xruns_ = 0, urb_errors_ = 0, unsupported_ = 0;
};

}  // namespace usbgw::simulation
