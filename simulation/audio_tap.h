// Watches one audio device and the sound driver that drives it, wherever the driver is, by the
// counter in every frame: how much later than on a local bus each URB completes (IN) or how much
// earlier (OUT), and where the samples stop being the next ones. Needs no word of the gateway.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <span>

#include "common/histogram.h"
#include "common/timeline.h"
#include "simulation/usb_core_model.h"

namespace usbgw::simulation {

// Frames in the order in which they pass one place.
class FrameOrder {
 public:
  // Counters of consecutive frames of one packet or URB; 0 is silence.
  void pass(std::span<const std::byte> bytes, std::size_t frame_bytes, Instant now);
  void gap(Instant now) { note_break(now); }  // an interval without anything

  [[nodiscard]] bool has_begun() const { return newest_ != 0; }
  [[nodiscard]] std::uint64_t breaks() const { return breaks_; }
  [[nodiscard]] Instant last_break() const { return last_break_; }
  [[nodiscard]] std::uint64_t frames() const { return frames_; }

 private:
  void note_break(Instant now);
  std::uint32_t newest_ = 0;
  std::uint64_t frames_ = 0;
  std::uint64_t breaks_ = 0;
  Instant last_break_{};
};

class AudioTap {
 public:
  explicit AudioTap(std::size_t frame_bytes) : frame_bytes_(frame_bytes) {}

  // The device: one interval that ends at `end`.
  void device_sent(std::span<const std::byte> packet, std::int64_t interval, Instant end);
  void device_heard(std::span<const std::byte> packet, Instant end);
  void device_starved(bool in, Instant end);
  // The driver.
  void completed(const ModelUrb& urb, Instant now);

  // Later than on a bus without a gateway, ns. IN: from the end of the URB's last interval to its
  // completion. OUT: from the URB's completion to the end of the interval that plays its last
  // frame.
  [[nodiscard]] const Histogram& in_added() const { return in_added_; }
  [[nodiscard]] const Histogram& out_added() const { return out_added_; }
  // When the device's own frames come back: from the interval that sent one to the interval that
  // plays it, ns.
  [[nodiscard]] const Histogram& returned() const { return returned_; }
  [[nodiscard]] const FrameOrder& recorded() const { return recorded_; }  // at the driver
  [[nodiscard]] const FrameOrder& heard() const { return heard_; }        // at the device
  // Bus intervals from the first that reached the driver as data to the newest that did, and the
  // packets that URBs have brought since the first (inclusive both).
  [[nodiscard]] std::int64_t bus_intervals() const {
    return first_interval_ < 0 ? 0 : newest_interval_ - first_interval_ + 1;
  }
  [[nodiscard]] std::int64_t packets_until_newest() const { return packets_until_newest_; }
  // Packets that IN URBs have brought, lead-in too.
  [[nodiscard]] std::uint64_t packets_in() const { return packets_in_; }
  // Latencies before this are not recorded.
  void forget_latencies();

 private:
  struct Interval {
    std::uint32_t first = 0;
    std::uint32_t count = 0;
    std::int64_t index = 0;
    Instant end{};
  };
  struct Played {
    std::uint32_t last = 0;
    Instant completed{};
  };
  static constexpr std::size_t kRemembered = 1 << 16;  // intervals: 8 s of microframes
  static constexpr std::size_t kMostPlayed = 4096;     // URBs

  void recorded(const ModelUrb& urb, Instant now);
  void played(const ModelUrb& urb, Instant now);
  // The interval that sent this frame, from `cursor` on, which follows the stream.
  [[nodiscard]] const Interval* interval_of(std::uint32_t counter, std::uint64_t& cursor) const;

  std::size_t frame_bytes_;
  std::vector<Interval> sent_ = std::vector<Interval>(kRemembered);
  std::uint64_t sent_count_ = 0;
  std::uint64_t recorded_cursor_ = 0;
  std::uint64_t heard_cursor_ = 0;
  std::uint32_t newest_recorded_ = 0;
  std::int64_t first_interval_ = -1;
  std::int64_t newest_interval_ = -1;
  std::int64_t packets_ = 0;
  std::int64_t packets_until_newest_ = 0;
  std::uint64_t packets_in_ = 0;
  std::deque<Played> played_;
  std::uint32_t newest_heard_ = 0;
  Instant newest_heard_at_{};
  FrameOrder recorded_;
  FrameOrder heard_;
  Histogram in_added_;
  Histogram out_added_;
  Histogram returned_;
};

}  // namespace usbgw::simulation
