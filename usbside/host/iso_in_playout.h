// Isochronous IN: gives each interval to vhci at the device's time plus base plus D. URB packets
// take consecutive intervals, and a URB completes when its last one is due: the completions are the
// driver's clock.
//
//   data     no data yet: URBs wait at most 50 ms, then get silence at the nominal rate (lead-in)
//   late     the driver resubmits a little late: the phase is kept. Much later: intervals that
//            nobody asked for are gone, counted unlinked, as on a real bus
//   start    one that took its URBs back, as after an XRUN, gets nothing older than now: a program
//            would lag by that for good
//   phase    a URB begins where a transfer of the agent does, which is no longer than a URB: none
//            waits for intervals that come with the next transfer
//   stall    of this machine: URBs are caught up one a turn, half a URB apart, never in a burst
#pragma once

#include <optional>
#include <vector>

#include "common/histogram.h"
#include "usbside/host/endpoint_stream.h"
#include "usbside/host/jitter_buffer.h"
#include "usbside/host/playout_margin.h"
#include "usbside/host/stream_clock.h"

namespace usbgw::host {

class IsoInPlayout final : public EndpointStream {
 public:
  // `packets`: of the URB that opens the stream; sizes the window.
  IsoInPlayout(const StreamContext& context, const EndpointInfo& info, StreamEpoch before_first,
               std::size_t packets);

  void submit(Urb& urb, std::span<const std::byte> data, Instant now) override;
  void unlink(Urb& urb, std::uint32_t unlink_seqnum, Instant now) override;
  void receive(const StreamItem& item, std::span<const std::byte> body, Instant now) override;
  std::size_t turn(Instant now) override;
  [[nodiscard]] Instant next_deadline() const override;
  [[nodiscard]] std::optional<Instant> capture_begin(Instant now) const override;
  void path_changed(Instant now) override;
  void rate_changed(std::uint32_t hertz) override { buffer_.set_sample_rate(hertz); }
  void add_status(AttachmentStatus& status) const override;

 private:
  struct Plan {
    Instant at;
    bool is_silence;  // without consuming intervals
  };
  void on_opened(const wire::StreamOpened&, Instant) override {}
  void receive_body(const StreamItem& item, std::span<const std::byte> body, Instant now);
  void receive_report(std::span<const std::byte> body, Instant now);
  void follow_path(Instant now);
  void note_begin(std::int64_t index);
  // The first interval from `index` on at which a transfer of the agent begins.
  [[nodiscard]] std::int64_t in_phase(std::int64_t index) const;
  // After a step of the clock, indices and times no longer match what is queued.
  void restart_after_step(std::int64_t first);
  void align(Instant now);
  void skip_to_present(Instant now);
  [[nodiscard]] Instant due(std::int64_t index) const { return clock_.at(index) + margin_.value(); }
  [[nodiscard]] std::int64_t first_due_at_or_after(Instant at) const {
    return clock_.first_at_or_after(at - margin_.value());
  }
  [[nodiscard]] Plan plan() const;
  [[nodiscard]] std::int64_t last_index_of(const Urb& urb) const {
    return *next_ + static_cast<std::int64_t>(urb.packets.size()) - 1;
  }
  void complete(Urb& urb, bool is_silence, Instant now);
  void assemble(const Urb& urb, bool is_silence);

  StreamClock clock_;
  JitterBuffer buffer_;
  PlayoutMargin margin_;
  std::optional<Duration> arrival_offset_;  // stands in for the path estimate until that is valid
  std::optional<std::int64_t> oldest_;      // first index that ever came
  std::optional<std::int64_t> next_;        // interval of the next packet
  std::int64_t urb_intervals_ = 1;          // of the newest URB
  std::int64_t newest_begin_ = -1;          // where a transfer of the agent began; -1: none yet
  std::int64_t transfer_intervals_ = INT64_MAX;  // of the shortest distance between two such
  bool started_ = false;                         // an interval has been given to a URB
  std::uint64_t steps_seen_ = 0;
  Instant waiting_since_{};  // when the queue last became non-empty
  Instant idle_since_{};
  bool is_beginning_ = true;  // no interval was given since the driver began, or began again
  bool is_stopped_ = false;   // a URB was unlinked, and none submitted since
  Instant last_completion_{Duration{INT64_MIN / 4}};

  std::vector<std::byte> payload_;  // of the URB that is being completed
  std::size_t payload_bytes_ = 0;
  std::vector<wire::usbip::IsoDescriptor> packets_;
  Histogram latency_;
  std::uint64_t malformed_ = 0;  // bodies that made no sense, or whose index or stamp could not be
};

}  // namespace usbgw::host
