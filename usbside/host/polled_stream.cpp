#include "usbside/host/polled_stream.h"

#include <algorithm>

#include "wire/interrupt_body.h"

namespace usbgw::host {
namespace {

// Often enough that the agent hears of it long before it must stop, seldom enough that a mouse with
// 8000 reports a second costs 125 messages.
constexpr std::uint64_t kTakenStep = wire::kMaxUntakenReports / 8;
// More than a 9000-byte MTU carries; the agent sends no report in pieces.
constexpr std::uint32_t kMaxReportBytes = 9216;

}  // namespace

PolledStream::PolledStream(const StreamContext& context, const EndpointInfo& info,
                           StreamEpoch before_first, std::uint32_t urb_bytes)
    : EndpointStream(context, info, before_first),
      reports_(wire::kMaxUntakenReports,
               std::clamp(std::max(urb_bytes, info.interval_bytes), 64u, kMaxReportBytes)),
      urb_bytes_(std::min(urb_bytes, kMaxReportBytes)) {}

void PolledStream::submit(Urb& urb, std::span<const std::byte>, Instant now) {
  last_urb_ = now;
  queue_.push(urb);
  match(now);
  open_if_wanted(now);
}

void PolledStream::unlink(Urb& urb, std::uint32_t unlink_seqnum, Instant now) {
  last_urb_ = now;
  queue_.remove(urb);
  context_.answerer.unlink(urb, unlink_seqnum);
}

void PolledStream::receive(const StreamItem& item, std::span<const std::byte> body, Instant now) {
  if (!is_current(item)) return;
  const auto report = wire::InterruptBody::decode(body);
  if (!report || !reports_.push(report->status, report->payload)) {
    ++dropped_;
    ++taken_;  // its place is free again
    tell_taken();
    return;
  }
  match(now);
}

std::size_t PolledStream::turn(Instant now) {
  if (now < next_deadline()) return 0;
  close();
  reports_.clear();
  return 1;
}

Instant PolledStream::next_deadline() const {
  const bool is_idle = queue_.empty() && (is_open() || !reports_.empty());
  return is_idle ? last_urb_ + kInterest : kNever;
}

void PolledStream::flush(Instant now) {
  reports_.clear();
  close();
  open_if_wanted(now);
}

void PolledStream::on_refused(Instant) {
  fail_all(UrbStatus::protocol_error);
}

void PolledStream::open_if_wanted(Instant now) {
  if (queue_.empty()) return;
  if (!is_open()) taken_ = told_ = 0;
  ensure_open(wire::StreamKind::polled, urb_bytes_, Duration::zero(), now);
  // Refused a moment ago: the driver hears it instead of waiting for ever.
  if (!is_open()) fail_all(UrbStatus::protocol_error);
}

void PolledStream::match(Instant now) {
  bool has_answered = false;
  while (!queue_.empty() && !reports_.empty()) {
    Urb& urb = *queue_.front();
    queue_.remove(urb);
    answer(urb, reports_.front());
    reports_.pop();
    ++taken_;
    has_answered = true;
  }
  tell_taken();
  if (has_answered && queue_.empty()) last_urb_ = now;
}

void PolledStream::tell_taken() {
  if (taken_ - told_ < kTakenStep) return;
  told_ = taken_;
  context_.sink.reports_taken({context_.attachment, info_.address, epoch(), taken_});
}

// A report longer than its URB is what a host controller calls babble: the URB gets what fits.
void PolledStream::answer(Urb& urb, const ReportQueue::Report& report) {
  const bool is_babble = report.bytes.size() > urb.submit.length;
  const auto data =
      report.bytes.first(std::min<std::size_t>(report.bytes.size(), urb.submit.length));
  UrbStatus status = is_babble ? UrbStatus::overflow : report.status;
  // Only our own unlinks may carry this; a driver would take it for one.
  if (status == UrbStatus::connection_reset) status = UrbStatus::shutdown;
  const bool is_short = data.size() < urb.submit.length;
  if (status == UrbStatus::ok && is_short && (urb.submit.flags & wire::usbip::kShortNotOk) != 0) {
    status = UrbStatus::remote_io;
  }
  context_.answerer.complete(urb, {status, data.size(), data, {}});
}

}  // namespace usbgw::host
