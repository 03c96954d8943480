#include "usbside/host/endpoint_stream.h"

namespace usbgw::host {
namespace {

// After the agent has refused a stream; the driver usually gives up long before.
constexpr Duration kRetry = std::chrono::milliseconds(500);

}  // namespace

EndpointStream::EndpointStream(const StreamContext& context, const EndpointInfo& info,
                               StreamEpoch before_first)
    : context_(context), info_(info), epoch_(before_first) {}

void EndpointStream::ensure_open(wire::StreamKind kind, std::uint32_t packet_bytes,
                                 Duration playout, Instant now, std::size_t urb_intervals) {
  if (is_open() || now < retry_at_) return;
  epoch_ = StreamEpoch{static_cast<std::uint8_t>(epoch_.value() + 1)};
  state_ = State::opening;
  wire::StreamOpen open;
  open.attachment = context_.attachment;
  open.endpoint = info_.address;
  open.epoch = epoch_;
  open.kind = kind;
  open.packet_bytes = packet_bytes;
  open.source_bytes = static_cast<std::uint32_t>(context_.sink.source_bytes());
  open.playout = told_margin_ = playout;
  open.urb_intervals = static_cast<std::uint32_t>(urb_intervals);
  context_.sink.open_stream(open);
}

void EndpointStream::tell_margin(Duration playout) {
  if (!is_open() || playout == told_margin_) return;
  told_margin_ = playout;
  context_.sink.margin_moved({context_.attachment, info_.address, epoch_, playout});
}

void EndpointStream::opened(const wire::StreamOpened& opened, Instant now) {
  if (state_ != State::opening || opened.epoch != epoch_) return;
  state_ = opened.ok ? State::open : State::closed;
  if (opened.ok) {
    on_opened(opened, now);
  } else {
    retry_at_ = now + kRetry;
    on_refused(now);
  }
}

void EndpointStream::fail_all(UrbStatus status) {
  while (Urb* urb = queue_.front()) {
    queue_.remove(*urb);
    context_.answerer.fail(*urb, status);
  }
}

void EndpointStream::close() {
  if (!is_open()) return;
  state_ = State::closed;
  context_.sink.close_stream({context_.attachment, info_.address, epoch_});
}

}  // namespace usbgw::host
