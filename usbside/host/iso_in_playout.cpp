#include "usbside/host/iso_in_playout.h"

#include <algorithm>

#include "usbside/host/iso_limits.h"
#include "wire/clock_report.h"

namespace usbgw::host {
namespace {

// How late a driver may resubmit and still get the interval that followed its last one.
constexpr Duration kGrace = std::chrono::milliseconds(4);
// Further behind than this, catching up would only add delay.
constexpr Duration kMaxLag = std::chrono::milliseconds(100);
constexpr Duration kIdle = std::chrono::seconds(1);
// A driver that has taken its URBs back because of an XRUN starts again sooner.
constexpr Duration kRestart = std::chrono::milliseconds(20);
constexpr Duration kWindow = std::chrono::milliseconds(128);
constexpr std::size_t kLookBack = 64;  // intervals: concealment, repeated lengths

std::size_t window_intervals(const EndpointInfo& info, const PlayoutConfig& playout,
                             std::size_t packets) {
  if (playout.buffer_count > 0) return playout.buffer_count;
  const Duration time = kWindow + playout.playout_max;
  return static_cast<std::size_t>(time / info.interval) + 2 * packets + kLookBack;
}

// What is left of a window for D: a URB in the making and the next one's data, and what
// concealment looks back at, are in it too. One interval at least.
Duration most_held(const EndpointInfo& info, std::int64_t window, std::size_t packets) {
  const std::int64_t look_back = JitterBuffer::look_back(info.interval);
  const auto urbs = static_cast<std::int64_t>(2 * packets);
  return std::max<std::int64_t>(window - look_back - urbs, 1) * info.interval;
}

}  // namespace

IsoInPlayout::IsoInPlayout(const StreamContext& context, const EndpointInfo& info,
                           StreamEpoch before_first, std::size_t packets)
    : EndpointStream(context, info, before_first),
      clock_(info.interval),
      buffer_(info, window_intervals(info, context.playout, packets)),
      margin_(context.playout, most_held(info, buffer_.capacity(), packets)) {
  packets_.reserve(wire::usbip::kMaxIsoPackets);
}

void IsoInPlayout::submit(Urb& urb, std::span<const std::byte>, Instant now) {
  if (queue_.empty()) {
    waiting_since_ = now;
    if (!is_open() || (started_ && now - idle_since_ > kIdle)) margin_.on_idle(context_.path);
    skip_to_present(now);
  }
  if (payload_.size() < urb.submit.length) payload_.resize(urb.submit.length);
  is_stopped_ = false;
  queue_.push(urb);
  ensure_open(wire::StreamKind::isochronous, info_.interval_bytes, margin_.value(), now,
              urb.packets.size());
  urb_intervals_ = static_cast<std::int64_t>(urb.packets.size());
  align(now);
}

void IsoInPlayout::unlink(Urb& urb, std::uint32_t unlink_seqnum, Instant now) {
  queue_.remove(urb);
  is_stopped_ = true;
  if (queue_.empty()) {
    idle_since_ = now;
    is_beginning_ = true;
  }
  context_.answerer.unlink(urb, unlink_seqnum);
}

void IsoInPlayout::receive(const StreamItem& item, std::span<const std::byte> body, Instant now) {
  if (!is_current(item)) return;
  if (item.kind == ItemKind::clock_report) {
    receive_report(body, now);
  } else {
    receive_body(item, body, now);
  }
}

void IsoInPlayout::receive_report(std::span<const std::byte> body, Instant now) {
  const auto report = wire::ClockReport::decode(body);
  if (!report || !clock_.observe(clock_.unwrap(report->index), report->stamp)) {
    ++malformed_;
    return;
  }
  follow_path(now);
}

void IsoInPlayout::receive_body(const StreamItem& item, std::span<const std::byte> bytes,
                                Instant now) {
  const auto body = wire::IsochronousBody::decode(bytes);
  if (!body) {
    ++malformed_;
    return;
  }
  const std::int64_t first = clock_.unwrap(body->first_index);
  const std::int64_t last = first + body->count - 1;
  if (first < 0 || !clock_.observe(last, body->stamp)) {
    ++malformed_;
    return;
  }
  const Duration seen = item.time - body->stamp;
  arrival_offset_ = std::min(arrival_offset_.value_or(seen), seen);
  follow_path(now);
  restart_after_step(first);
  if (!oldest_) oldest_ = first;
  if (queue_.empty()) skip_to_present(now);
  // The first bodies may come in any order.
  if (body->begins_transfer) note_begin(first);
  if (next_ && !started_ && first < *next_) {
    next_ = in_phase(std::max(first, first_due_at_or_after(now)));
  }
  if (next_ && last >= *next_ + buffer_.capacity()) {
    ++malformed_;
    return;
  }
  // Before the first URB nothing is past: an earlier body may still move its beginning back.
  const std::int64_t decided = started_ ? next_.value_or(0) : 0;
  const auto received = buffer_.receive(*body, first, decided, item.provenance);
  if (received.late > 0) margin_.on_late(now - due(received.newest_late), now);
  tell_margin(margin_.value());
  align(now);
}

void IsoInPlayout::follow_path(Instant now) {
  if (!clock_.recovered().has_phase()) return;
  if (context_.path.valid) {
    clock_.follow_offset(context_.path.inbound_offset, now);
  } else if (arrival_offset_) {
    clock_.follow_offset(*arrival_offset_, now);
  }
}

void IsoInPlayout::path_changed(Instant now) {
  follow_path(now);
  align(now);
}

void IsoInPlayout::restart_after_step(std::int64_t first) {
  const auto steps = clock_.recovered().steps();
  if (steps == steps_seen_) return;
  steps_seen_ = steps;
  buffer_.clear();
  next_.reset();
  oldest_ = first;
}

// The first interval that a URB gets: the oldest that came, or the first not past.
void IsoInPlayout::align(Instant now) {
  if (next_ || !oldest_ || !clock_.is_known() || queue_.empty()) return;
  next_ = in_phase(std::max(*oldest_, first_due_at_or_after(now)));
}

void IsoInPlayout::note_begin(std::int64_t index) {
  if (index <= newest_begin_) return;
  if (newest_begin_ >= 0)
    transfer_intervals_ = std::min(transfer_intervals_, index - newest_begin_);
  newest_begin_ = index;
}

std::int64_t IsoInPlayout::in_phase(std::int64_t index) const {
  if (newest_begin_ < 0) return index;
  const std::int64_t step = std::min(transfer_intervals_, urb_intervals_);
  const std::int64_t past = (index - newest_begin_) % step;
  return past == 0 ? index : index + (past < 0 ? -past : step - past);
}

void IsoInPlayout::skip_to_present(Instant now) {
  if (!next_ || !clock_.is_known()) return;
  // A driver that has stopped, or paused for longer, gets what is due now, nothing older.
  const bool is_late = !is_stopped_ && now - idle_since_ <= kGrace;
  const Duration grace = is_late ? kGrace : Duration::zero();
  if (due(*next_) + grace >= now) return;
  const std::int64_t present = in_phase(first_due_at_or_after(now));
  if (present <= *next_) return;
  buffer_.count_unlinked(present - *next_);
  next_ = present;
}

std::optional<Instant> IsoInPlayout::capture_begin(Instant now) const {
  if (!is_beginning_ || info_.content == StreamContent::feedback) return std::nullopt;
  if (queue_.empty()) {
    return is_stopped_ && now - idle_since_ < kRestart ? std::optional(kNever) : std::nullopt;
  }
  return next_ && clock_.is_known() ? due(*next_) : kNever;
}

IsoInPlayout::Plan IsoInPlayout::plan() const {
  const Urb& urb = *queue_.front();
  const Duration duration = duration_of(urb);
  const Instant silence =
      started_ ? std::max(urb.arrived, last_completion_) + duration + kLongestWait
               : std::max(waiting_since_ + kLongestWait, last_completion_ + duration);
  Plan plan{silence, true};
  if (next_ && clock_.is_known()) {
    const Instant at = due(last_index_of(urb));
    if (at <= silence) plan = {at, false};
  }
  plan.at = std::max(plan.at, last_completion_ + duration / 2);
  return plan;
}

Instant IsoInPlayout::next_deadline() const {
  return queue_.empty() ? kNever : plan().at;
}

std::size_t IsoInPlayout::turn(Instant now) {
  if (queue_.empty()) return 0;
  Plan next = plan();
  if (now < next.at) return 0;
  if (!next.is_silence && now - due(last_index_of(*queue_.front())) > kMaxLag) {
    skip_to_present(now);
    next = plan();
    if (now < next.at) return 1;
  }
  complete(*queue_.front(), next.is_silence, now);
  return 1;
}

void IsoInPlayout::complete(Urb& urb, bool is_silence, Instant now) {
  assemble(urb, is_silence);
  if (!is_silence) {
    const std::int64_t last = last_index_of(urb);
    const Duration latency = now - clock_.at(last) + context_.path.base();
    latency_.record(std::max(latency, Duration::zero()).count());
    margin_.on_decided(urb.packets.size());
    next_ = last + 1;
    started_ = true;
    is_beginning_ = false;
  }
  queue_.remove(urb);
  if (queue_.empty()) idle_since_ = now;
  last_completion_ = now;
  context_.answerer.complete(
      urb, {UrbStatus::ok, payload_bytes_, std::span(payload_).first(payload_bytes_), packets_});
}

void IsoInPlayout::assemble(const Urb& urb, bool is_silence) {
  packets_.clear();
  payload_bytes_ = 0;
  std::int64_t index = next_.value_or(0);
  for (const PacketShape& shape : urb.packets) {
    const std::size_t room = std::min<std::size_t>(shape.length, payload_.size() - payload_bytes_);
    const auto to = std::span(payload_).subspan(payload_bytes_, room);
    const auto packet = is_silence ? buffer_.lead_in(to) : buffer_.take(index++, to);
    packets_.push_back({shape.offset, shape.length, packet.actual, packet.status});
    payload_bytes_ += packet.actual;
  }
}

void IsoInPlayout::add_status(AttachmentStatus& status) const {
  StreamStatus stream;
  stream.endpoint = info_.address;
  stream.open = is_open();
  stream.interval = info_.interval;
  stream.base = context_.path.base();
  stream.playout = stream.margin = margin_.value();
  stream.margin_reason = margin_.reason();
  stream.is_margin_fixed = margin_.is_fixed();
  stream.window_intervals = buffer_.capacity();
  stream.clock_ppm = clock_.ppm();
  stream.account = buffer_.account();
  stream.playout_raises = margin_.raises();
  stream.latency_p50 = latency_.quantile(0.5);
  stream.latency_p99 = latency_.quantile(0.99);
  stream.latency_max = latency_.max();
  status.streams.push_back(stream);
}

}  // namespace usbgw::host
