// What an IN stream has received, and what each interval's URB packet gets: the device's bytes, or
// where they are missing something of the true length. Decides content and accounts for it; when
// an interval is due is the playout's business (iso_in_playout.h).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "usbside/host/attachment_status.h"
#include "usbside/host/endpoint_map.h"
#include "usbside/host/interval_window.h"
#include "usbside/host/nominal_length.h"

namespace usbgw::host {

class JitterBuffer {
 public:
  JitterBuffer(const EndpointInfo& info, std::size_t intervals);

  struct Received {
    std::uint32_t late = 0;  // intervals that a URB has already gone without
    std::int64_t newest_late = -1;
  };
  // `first`: unwrapped index of body.intervals[0]; `decided`: every interval before it is past.
  Received receive(const wire::IsochronousBody& body, std::int64_t first, std::int64_t decided,
                   Provenance provenance);

  struct Packet {
    std::uint32_t actual = 0;
    UrbStatus status = UrbStatus::ok;
  };
  // Fills `to` (the URB's packet) for interval `index`, and counts what it was. In index order.
  Packet take(std::int64_t index, std::span<std::byte> to);
  // A packet before the stream's first data.
  Packet lead_in(std::span<std::byte> to);
  // The driver has told the device another rate. 0: not known.
  void set_sample_rate(std::uint32_t hertz);
  // The agent's numbering has jumped: what is here can no longer be placed.
  void clear() { window_.clear(); }
  void count_unlinked(std::int64_t intervals);

  // Intervals that concealment repeats.
  [[nodiscard]] static std::int64_t look_back(Duration interval);
  [[nodiscard]] const IntervalAccount& account() const { return account_; }
  [[nodiscard]] std::int64_t capacity() const { return window_.capacity(); }
  // Bytes that URBs have got less (negative: more) than the device gave; repaid a frame at a time.
  [[nodiscard]] std::int64_t owed_bytes() const { return owed_; }

 private:
  void file(const wire::IsochronousBody& body, std::size_t i, std::int64_t index,
            std::span<const std::byte> payload, Provenance provenance);
  void settle(std::int64_t index, std::uint32_t true_length);
  void note_length(std::int64_t index, std::uint32_t length, std::int64_t decided);
  void note_feedback(const wire::IsochronousBody& body, std::size_t i, std::int64_t index,
                     std::span<const std::byte> payload);

  // Whether the device's own bytes are here. Audio with a bus error is not: what there is of it is
  // short or wrong, and would shorten the recording.
  [[nodiscard]] bool is_usable(const IntervalSlot& slot) const;
  void expect_rate();
  // Concealment of what follows looks back at what was given instead of the device's bytes.
  void keep(IntervalSlot& slot, std::span<const std::byte> given);
  Packet take_present(IntervalSlot& slot, std::span<std::byte> to);
  Packet take_missing(IntervalSlot* slot, std::int64_t index, std::span<std::byte> to);
  Packet take_gap(std::span<std::byte> to);
  Packet take_feedback(std::span<std::byte> to) const;
  // Adds or drops one frame when a longer gap was bridged with a wrong guess.
  std::uint32_t repay(std::uint32_t length, std::span<std::byte> to);
  void conceal(std::int64_t index, std::span<std::byte> to);
  void count(Provenance provenance);
  [[nodiscard]] bool is_audio() const {
    return info_.content == StreamContent::pcm || info_.content == StreamContent::audio;
  }
  [[nodiscard]] std::byte silence() const;

  EndpointInfo info_;
  IntervalWindow window_;
  NominalLength nominal_;
  std::int64_t look_back_;
  std::int64_t concealed_run_ = 0;
  std::int64_t owed_ = 0;
  std::array<std::byte, 8> feedback_{};
  std::uint32_t feedback_bytes_ = 0;
  std::int64_t feedback_index_ = -1;
  IntervalAccount account_;
};

}  // namespace usbgw::host
