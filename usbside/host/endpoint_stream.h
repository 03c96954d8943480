// What the streams of one attachment have in common: isochronous IN and OUT, feedback, and polled
// endpoints. A stream exists from the first URB after its alternate setting was selected until the
// setting changes; it opens its counterpart at the agent, and each opening has a new epoch.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "common/path_estimate.h"
#include "common/stream_link.h"
#include "common/timeline.h"
#include "usbside/host/attachment_status.h"
#include "usbside/host/endpoint_map.h"
#include "usbside/host/host_attachment.h"
#include "usbside/host/urb_answerer.h"
#include "usbside/host/urb_ledger.h"

namespace usbgw::host {

// What a stream asks about the others of its device.
class StreamGroup {
 public:
  // When the newest beginning of a capture stream has its first interval; kNever: not known yet,
  // nullopt: all run, or none has URBs.
  [[nodiscard]] virtual std::optional<Instant> capture_begin(Instant now) const = 0;

 protected:
  ~StreamGroup() = default;
};

// What streams share; the attachment owns it all and outlives them.
struct StreamContext {
  AttachmentId attachment;
  const PlayoutConfig& playout;
  HostAttachmentSink& sink;
  UrbAnswerer& answerer;
  const PathEstimate& path;
  const StreamGroup* group = nullptr;  // the table they are in
};

class EndpointStream {
 public:
  EndpointStream(const StreamContext& context, const EndpointInfo& info, StreamEpoch before_first);
  virtual ~EndpointStream() = default;
  EndpointStream(const EndpointStream&) = delete;
  EndpointStream& operator=(const EndpointStream&) = delete;

  // The URB is the stream's until it is answered. `data`: OUT, valid during the call.
  virtual void submit(Urb& urb, std::span<const std::byte> data, Instant now) = 0;
  // Decided here and at once: RET_UNLINK(-ECONNRESET).
  virtual void unlink(Urb& urb, std::uint32_t unlink_seqnum, Instant now) = 0;
  virtual void receive(const StreamItem& item, std::span<const std::byte> body, Instant now) = 0;
  // Answers what is due, at most one isochronous URB a turn; returns the work done.
  virtual std::size_t turn(Instant now) = 0;
  [[nodiscard]] virtual Instant next_deadline() const = 0;
  // As StreamGroup::capture_begin, of this stream.
  [[nodiscard]] virtual std::optional<Instant> capture_begin(Instant now) const {
    static_cast<void>(now);
    return std::nullopt;
  }
  // The path estimate has changed.
  virtual void path_changed(Instant now) { static_cast<void>(now); }
  // 0: not known.
  virtual void rate_changed(std::uint32_t hertz) { static_cast<void>(hertz); }
  virtual void add_status(AttachmentStatus& status) const { static_cast<void>(status); }
  // CLEAR_FEATURE(HALT) or a reset went through: what was queued is void.
  virtual void flush(Instant now) { static_cast<void>(now); }

  void opened(const wire::StreamOpened& opened, Instant now);
  // Everything that waits ends with this status.
  void fail_all(UrbStatus status);
  // Tells the agent; the epoch ends.
  void close();

  [[nodiscard]] const EndpointInfo& info() const { return info_; }
  [[nodiscard]] StreamEpoch epoch() const { return epoch_; }
  [[nodiscard]] bool is_open() const { return state_ != State::closed; }
  [[nodiscard]] bool has_urbs() const { return !queue_.empty(); }

 protected:
  enum class State : std::uint8_t { closed, opening, open };

  // Opens with the next epoch unless it is open; after a refusal, not before retry_at_.
  void ensure_open(wire::StreamKind kind, std::uint32_t packet_bytes, Duration playout, Instant now,
                   std::size_t urb_intervals = 0);
  // D, as it is now: the agent is told when it is not what it was.
  void tell_margin(Duration playout);
  virtual void on_opened(const wire::StreamOpened& opened, Instant now) = 0;
  virtual void on_refused(Instant now) { static_cast<void>(now); }
  [[nodiscard]] StreamId stream_id() const { return stream_of(context_.attachment, info_.address); }
  // From this opening of this stream.
  [[nodiscard]] bool is_current(const StreamItem& item) const {
    return is_open() && item.epoch == epoch_;
  }
  [[nodiscard]] Duration duration_of(const Urb& urb) const {
    return info_.interval * static_cast<std::int64_t>(urb.packets.size());
  }

  StreamContext context_;
  EndpointInfo info_;
  UrbQueue queue_;

 private:
  State state_ = State::closed;
  StreamEpoch epoch_;
  Duration told_margin_{};
  Instant retry_at_{Duration{INT64_MIN / 4}};
};

}  // namespace usbgw::host
