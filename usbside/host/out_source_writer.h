// Turns the packets of an isochronous OUT URB into source symbols on the session's outbound link:
// as many intervals to a symbol as fit the path, an interval that does not fit cut into fragments.
// Each symbol repeats the lengths of the intervals before it.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "common/stream_link.h"
#include "usbside/host/urb_ledger.h"
#include "wire/isochronous_body.h"

namespace usbgw::host {

class OutSourceWriter {
 public:
  explicit OutSourceWriter(StreamId stream) : stream_(stream) {}

  // Numbers start again; nothing precedes the first interval.
  void begin_epoch(StreamEpoch epoch);
  // Interval `first_index` is packet 0 of `urb`. `data` is the URB's buffer, gaps included.
  // Intervals that the link has no room for are lost and counted.
  void write(const Urb& urb, std::int64_t first_index, std::span<const std::byte> data,
             StreamLink& link, std::size_t source_bytes, Instant now);

  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

 private:
  struct Target {
    StreamLink& link;
    std::size_t source_bytes;
    Instant now;
  };
  void prepare(std::int64_t index, Instant now);
  std::size_t fill(const Urb& urb, std::size_t from, std::size_t source_bytes);
  void write_fragments(std::span<const std::byte> packet, const Target& target);
  void publish(const Target& target);
  void remember(std::uint16_t length);

  StreamId stream_;
  StreamEpoch epoch_;
  std::int64_t sources_ = 0;
  std::int64_t history_end_ = 0;  // index after the newest length in history_
  std::array<std::uint16_t, wire::kMaxHistory> history_{};  // oldest first
  std::size_t history_count_ = 0;
  wire::IsochronousBody body_;
  std::uint64_t dropped_ = 0;
};

}  // namespace usbgw::host
