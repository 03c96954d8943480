// A model of snd-usb-audio, the ALSA buffers above it, and the programs: two as aplay and arecord,
// or one with linked streams as jackd. Which
// URBs are submitted when, and when there is an XRUN. What it submits is what the driver of
// Linux 6.1 submits, URB by URB: tests/simulation/usbmon_test.cpp compares it with traces of the
// real one.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>

#include "simulation/audio_program.h"
#include "simulation/capture_stream.h"
#include "simulation/pcm_settings.h"
#include "simulation/playback_stream.h"
#include "simulation/usb_core_model.h"

namespace usbgw::simulation {

class AudioDriverModel final : public DriverModel {
 public:
  AudioDriverModel(const PcmSettings& pcm, AudioProgram& program) : pcm_(pcm), program_(program) {}

  void configured(DeviceModel& device, const wire::Configuration& configuration,
                  Instant now) override;
  void completed(DeviceModel& device, ModelUrb&& urb, Instant now) override;
  void disconnected(Instant now) override;
  std::size_t turn(DeviceModel& device, Instant now) override;
  [[nodiscard]] Instant next_deadline() const override { return std::min(open_at_, programs_due_); }

  // Unlinks everything and selects alternate setting 0, as closing the PCM does.
  void stop(DeviceModel& device, Instant now);

  // After stop() and the last URB: the programs open the streams with other parameters.
  void reopen(const PcmSettings& pcm, Instant now);

  // What the programs do, step by step, for an owner that asked for it in its settings.
  void prepare_playback(Instant now);
  // Frames that the playing program's next copy wrote; the copy that fills the buffer starts the
  // stream. 0: it sleeps.
  [[nodiscard]] std::uint32_t write_some(Instant now);
  void start_capture(Instant now);
  // Frames that the recording program's next copy read; 0: it sleeps.
  [[nodiscard]] std::uint32_t read_some(Instant now);

  [[nodiscard]] std::uint64_t playback_xruns() const;
  [[nodiscard]] std::uint64_t capture_xruns() const;
  [[nodiscard]] std::uint64_t urb_errors() const;
  [[nodiscard]] bool is_running() const { return is_running_; }
  [[nodiscard]] std::uint64_t frames_played() const;
  [[nodiscard]] std::uint64_t frames_recorded() const;
  [[nodiscard]] DeviceModel* device() const { return device_; }
  [[nodiscard]] std::uint64_t errors_unsupported() const { return unsupported_; }

 private:
  struct Totals {
    std::uint64_t played = 0, recorded = 0;
    std::uint64_t playback_xruns = 0, capture_xruns = 0, urb_errors = 0;
  };

  void open(const wire::Configuration& configuration, Direction direction);
  void select_alternates(bool is_open, Instant now);
  void start(Instant now);
  void handle(const ModelUrb& urb, Instant now);
  void wake_programs(Instant now);
  std::size_t run_linked(Instant now);
  void start_linked(Instant now);
  std::size_t run_recorder(Instant now);
  std::size_t run_player(Instant now);
  void stop_unused_capture();
  [[nodiscard]] bool is_ready_to_start_over() const;
  [[nodiscard]] bool is_ready_to_prepare(Direction direction) const;
  [[nodiscard]] Totals totals() const;

  PcmSettings pcm_;
  AudioProgram& program_;
  DeviceModel* device_ = nullptr;
  wire::Configuration configuration_;
  // Alternate settings in use, and the interfaces that have them.
  std::map<std::uint8_t, std::uint8_t> alternates_;
  std::optional<PlaybackStream> playback_;
  std::optional<CaptureStream> capture_;
  std::size_t requests_ = 0;  // control URBs in flight
  bool is_running_ = false;
  bool is_stopping_ = false;
  bool is_linked_stopped_ = false;  // by an XRUN of either stream
  bool is_linked_writing_ = false;  // what it has just read
  Instant open_at_ = kNever;
  Instant programs_due_ = kNever;
  Totals before_;  // of devices that are gone
  std::uint64_t urb_errors_ = 0, unsupported_ = 0;
};

}  // namespace usbgw::simulation
