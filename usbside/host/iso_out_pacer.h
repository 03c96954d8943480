// Isochronous OUT: data leaves for the agent when its URB arrives; URBs complete one by one on a
// virtual SOF that runs ahead of the device's.
//
//   H(n) = clock(n) - outbound offset - D_out      on the host's clock
//   D_out = what the agent submits ahead + D + a margin for both sides' wake-ups
//
// so data for interval n, sent no later than H(n), is at the agent before n is submitted to its
// bus. Until the agent's clock is known, URBs are held up to 50 ms and then complete at the nominal
// rate; when its reports stop, the recovered clock runs on. A program that plays and records lags
// by what lies between the beginnings of the two: when a capture stream begins too, both do at one
// instant (docs/decisions/0012). A driver that comes late skips
// intervals, as on a real bus. One that starts again, after it ran dry or took its URBs back, goes
// on at the present: the intervals of URBs that were taken back are free again, and what is then
// written replaces what is at the agent. When it does so again and again, its buffer is shorter
// than what delays its completions: each start gives it more slack (docs/decisions/0012).
#pragma once

#include <optional>

#include "common/histogram.h"
#include "usbside/host/endpoint_stream.h"
#include "usbside/host/level_track.h"
#include "usbside/host/out_source_writer.h"
#include "usbside/host/playout_margin.h"
#include "usbside/host/stream_clock.h"

namespace usbgw::host {

class IsoOutPacer final : public EndpointStream {
 public:
  IsoOutPacer(const StreamContext& context, const EndpointInfo& info, StreamEpoch before_first);

  void submit(Urb& urb, std::span<const std::byte> data, Instant now) override;
  void unlink(Urb& urb, std::uint32_t unlink_seqnum, Instant now) override;
  void receive(const StreamItem& item, std::span<const std::byte> body, Instant now) override;
  std::size_t turn(Instant now) override;
  [[nodiscard]] Instant next_deadline() const override;
  void path_changed(Instant now) override;
  void add_status(AttachmentStatus& status) const override;

 private:
  void on_opened(const wire::StreamOpened& opened, Instant now) override;
  void follow_path(Instant now);
  [[nodiscard]] bool is_paced() const { return clock_.is_known(); }
  [[nodiscard]] bool is_late(Instant now) const;
  [[nodiscard]] bool begins_anew(Instant now) const;
  // For a capture stream to begin with.
  [[nodiscard]] Instant waits_until() const;
  [[nodiscard]] bool waits(Instant now) const;
  [[nodiscard]] Duration ahead() const;  // D_out
  // H(n)
  [[nodiscard]] Instant virtual_sof(std::int64_t index) const { return clock_.at(index) - ahead(); }
  void send_held(Instant now);
  void assign_and_send(Urb& urb, std::span<const std::byte> data, Instant now);
  std::int64_t choose_index(Instant now);
  void begin(Instant now);
  void on_empty(Instant now);
  [[nodiscard]] Instant due(const Urb& urb) const;
  [[nodiscard]] Duration forgiven_lateness() const;
  void complete(Urb& urb, Instant now);
  void raise_submit_ahead(Duration reported);

  StreamClock clock_;  // offset: when to send so that it arrives then
  PlayoutMargin margin_;
  OutSourceWriter writer_;
  Duration scheduled_ahead_{};
  Duration submit_ahead_{};
  std::uint32_t agent_late_ = 0;
  std::uint32_t agent_missing_ = 0;
  LevelTrack agent_fifo_;
  std::optional<std::int64_t> next_;  // interval after the last one assigned
  std::int64_t done_ = 0;     // interval after the last one completed, in the numbering of next_
  bool has_drained_ = false;  // the driver ran dry before the newest URB
  bool has_stopped_ = false;  // it took all its URBs back
  Instant began_{};
  Duration start_slack_{};
  std::uint64_t restarts_seen_ = 0;
  bool has_held_ = false;  // URBs without intervals
  std::optional<Instant> paced_since_;
  Instant waiting_since_{};  // when the queue last became non-empty
  Instant idle_since_{};
  Instant last_completion_{Duration{INT64_MIN / 4}};
  Instant paced_from_{Duration{INT64_MIN / 4}};  // the next is due half an URB later or more
  std::vector<wire::usbip::IsoDescriptor> packets_;
  IntervalAccount account_;
  Histogram latency_;
  std::uint64_t malformed_ = 0;
};

}  // namespace usbgw::host
