// The ALSA buffer between a program and the sound driver, and the program's blocking write() or
// read() of whole periods, copy by copy. Rules: sound/core/pcm_lib.c (__snd_pcm_lib_xfer,
// wait_for_avail, snd_pcm_update_hw_ptr0) of Linux 6.1, with the thresholds that aplay and arecord
// set.
//
// Positions count frames since the stream was prepared. What the driver has moved becomes known to
// the program only when a period has elapsed, or at the beginning of a call.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "simulation/audio_program.h"
#include "simulation/pcm_settings.h"

namespace usbgw::simulation {

// A read() or write() of one period that is under way.
struct PcmCall {
  std::uint32_t left = 0;       // frames still to copy; 0: no call
  std::uint32_t available = 0;  // frames that may be copied before it has to look again
  std::vector<std::byte> period;
};

class PlaybackBuffer {
 public:
  PlaybackBuffer(const PcmSettings& pcm, std::uint32_t frame_bytes, AudioProgram& program);

  // Empties it. A write() that an XRUN interrupted goes on with what it has left.
  void prepare();
  // Would the program's next call find that everything was sent?
  [[nodiscard]] bool call_finds_xrun() const { return call_.left == 0 && sent_ >= written_; }
  // The program's next copy into the buffer, in frames; 0: it sleeps.
  [[nodiscard]] std::uint32_t write_some(bool is_running, Instant now);
  // Would a sleeping program be woken?
  [[nodiscard]] bool wakes_program() const;
  [[nodiscard]] bool is_in_call() const { return call_.left > 0; }
  void abandon_call() { call_.left = 0; }
  [[nodiscard]] bool is_full() const { return written_ - known_ >= buffer_frames_; }

  // The driver's side.
  [[nodiscard]] std::uint32_t unsent() const {
    return static_cast<std::uint32_t>(written_ - sent_);
  }
  void send(std::span<std::byte> to);
  // False: all that was written is sent, which is an XRUN.
  [[nodiscard]] bool period_elapsed();

 private:
  [[nodiscard]] std::uint32_t room() const;

  AudioProgram& program_;
  std::uint32_t period_frames_, buffer_frames_, frame_bytes_;
  std::vector<std::byte> ring_;
  std::uint64_t written_ = 0;  // appl_ptr
  std::uint64_t sent_ = 0;     // the driver's hwptr_done
  std::uint64_t known_ = 0;    // hw_ptr
  PcmCall call_;
};

class CaptureBuffer {
 public:
  CaptureBuffer(const PcmSettings& pcm, std::uint32_t frame_bytes, AudioProgram& program);

  void prepare();
  // Would the program's next call find the buffer overrun?
  [[nodiscard]] bool call_finds_xrun() const {
    return call_.left == 0 && received_ - read_ >= buffer_frames_;
  }
  // The program's next copy out of the buffer, in frames; 0: it sleeps.
  [[nodiscard]] std::uint32_t read_some(bool is_running, Instant now);
  [[nodiscard]] bool wakes_program() const;
  [[nodiscard]] bool is_in_call() const { return call_.left > 0; }
  void abandon_call() { call_.left = 0; }

  // The driver's side. True: this packet completes a period.
  [[nodiscard]] bool receive(std::span<const std::byte> packet);
  // False: the program is a whole buffer behind, which is an XRUN.
  [[nodiscard]] bool period_elapsed();

 private:
  [[nodiscard]] std::uint32_t waiting() const { return static_cast<std::uint32_t>(known_ - read_); }

  AudioProgram& program_;
  std::uint32_t period_frames_, buffer_frames_, frame_bytes_;
  std::vector<std::byte> ring_;
  std::uint64_t received_ = 0;  // the driver's hwptr_done
  std::uint64_t known_ = 0;     // hw_ptr
  std::uint64_t read_ = 0;      // appl_ptr
  std::uint32_t in_period_ = 0;
  PcmCall call_;
};

}  // namespace usbgw::simulation
