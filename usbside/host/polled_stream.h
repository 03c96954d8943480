// An endpoint that the agent polls: interrupt IN, and bulk IN of MIDI interfaces. Reports come
// reliably and in order; each answers the oldest URB, or waits for the next one. A report that a
// URB was unlinked from under is still there for its successor, as it would be in the device.
//
// Back-pressure: the queue holds as many reports as the agent may have sent without hearing that
// they were taken, so it cannot overflow. The agent is told as URBs take them; while none do, it
// stops reading, and the device keeps the rest.
//
// Interest: the stream opens with the first URB. It closes, and what is queued is dropped, when no
// URB has been queued for kInterest, so that a keyboard opened tomorrow does not type what was
// pressed today.
#pragma once

#include "usbside/host/endpoint_stream.h"
#include "usbside/host/report_queue.h"

namespace usbgw::host {

class PolledStream final : public EndpointStream {
 public:
  PolledStream(const StreamContext& context, const EndpointInfo& info, StreamEpoch before_first,
               std::uint32_t urb_bytes);

  void submit(Urb& urb, std::span<const std::byte> data, Instant now) override;
  void unlink(Urb& urb, std::uint32_t unlink_seqnum, Instant now) override;
  void receive(const StreamItem& item, std::span<const std::byte> body, Instant now) override;
  std::size_t turn(Instant now) override;
  [[nodiscard]] Instant next_deadline() const override;
  void flush(Instant now) override;

  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

  static constexpr Duration kInterest = std::chrono::seconds(5);

 private:
  void on_opened(const wire::StreamOpened&, Instant) override {}
  void on_refused(Instant now) override;
  void open_if_wanted(Instant now);
  void match(Instant now);
  void answer(Urb& urb, const ReportQueue::Report& report);
  void tell_taken();

  ReportQueue reports_;
  std::uint32_t urb_bytes_;
  Instant last_urb_{};
  std::uint64_t taken_ = 0;    // reports of this opening that are no longer here
  std::uint64_t told_ = 0;     // what the agent knows of taken_
  std::uint64_t dropped_ = 0;  // malformed, longer than asked for, or beyond the agent's bound
};

}  // namespace usbgw::host
