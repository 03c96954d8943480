#include "usbside/host/iso_out_pacer.h"

#include <algorithm>

#include "usbside/host/iso_limits.h"
#include "wire/clock_report.h"

namespace usbgw::host {
namespace {

// Between "it is due" and the datagram on the wire, here and at the agent.
constexpr Duration kWakeUps = std::chrono::microseconds(250);
// The agent says, when it opens the stream, how far ahead it submits (at most 100 ms and a
// transfer); a report far beyond that is an accident, not a schedule.
constexpr Duration kMostScheduled = std::chrono::milliseconds(128);
constexpr Duration kMostAbove = std::chrono::milliseconds(8);
// A margin above this is there for workers that wake late; below it, a driver's buffer is too short
// for two completions at once.
constexpr Duration kShortMargin = std::chrono::milliseconds(8);
// A next interval further ahead than any driver queues belongs to another numbering.
constexpr Duration kFarAhead = std::chrono::seconds(2);
constexpr Duration kLeastJump = std::chrono::microseconds(500);  // of the schedule
constexpr Duration kIdle = std::chrono::seconds(1);
// When both streams open, capture begins with the agent's first transfer, playback with its first
// clock report; when both are open, a driver submits to both at once.
constexpr Duration kMostApart = std::chrono::milliseconds(20);
constexpr Duration kMostApartOpen = std::chrono::milliseconds(1);
// From our completion of a driver's only URB to its next; starting over after an XRUN takes longer.
constexpr Duration kResubmission = std::chrono::microseconds(125);
// A driver that starts again so soon has had an XRUN for want of slack.
constexpr Duration kShortRun = std::chrono::seconds(10);
constexpr Duration kSlackStep = std::chrono::microseconds(250);
constexpr Duration kMostSlack = std::chrono::milliseconds(1);

}  // namespace

IsoOutPacer::IsoOutPacer(const StreamContext& context, const EndpointInfo& info,
                         StreamEpoch before_first)
    : EndpointStream(context, info, before_first),
      clock_(info.interval),
      margin_(context.playout),
      writer_(stream_of(context.attachment, info.address)) {
  packets_.reserve(wire::usbip::kMaxIsoPackets);
}

void IsoOutPacer::submit(Urb& urb, std::span<const std::byte> data, Instant now) {
  if (queue_.empty()) {
    waiting_since_ = now;
    if (!is_open() || (next_ && now - idle_since_ > kIdle)) {
      margin_.on_idle(context_.path);
      start_slack_ = Duration::zero();
    }
    // An underrun, not a URB that crosses our completion.
    has_drained_ = now - idle_since_ > kResubmission;
  }
  send_held(now);
  queue_.push(urb);
  const bool was_open = is_open();
  ensure_open(wire::StreamKind::isochronous, info_.interval_bytes, margin_.value(), now);
  if (!was_open && is_open()) {
    writer_.begin_epoch(epoch());
    agent_fifo_.restart();
  }
  if (is_paced() && !waits(now)) {
    assign_and_send(urb, data, now);
  } else {
    urb.data.assign(data.begin(), data.end());
    has_held_ = true;
  }
}

void IsoOutPacer::unlink(Urb& urb, std::uint32_t unlink_seqnum, Instant now) {
  queue_.remove(urb);
  if (urb.first_index >= 0) account_.unlinked += urb.packets.size();
  if (queue_.empty()) on_empty(now);
  context_.answerer.unlink(urb, unlink_seqnum);
}

// What was assigned after the last completed URB was taken back, and is free again. All of it was
// counted as unlinked: taken back, or passed over.
void IsoOutPacer::on_empty(Instant now) {
  idle_since_ = now;
  if (!next_ || *next_ <= done_) return;
  account_.unlinked -= std::min(account_.unlinked, static_cast<std::uint64_t>(*next_ - done_));
  next_ = done_;
  has_stopped_ = true;
}

void IsoOutPacer::on_opened(const wire::StreamOpened& opened, Instant) {
  scheduled_ahead_ = std::min(opened.submit_ahead, kMostScheduled);
  raise_submit_ahead(scheduled_ahead_);
}

// Held like D: it only grows, or the virtual SOF would follow every saw tooth of the agent's ring.
void IsoOutPacer::raise_submit_ahead(Duration reported) {
  submit_ahead_ = std::max(submit_ahead_, std::min(reported, scheduled_ahead_ + kMostAbove));
}

void IsoOutPacer::receive(const StreamItem& item, std::span<const std::byte> body, Instant now) {
  if (!is_current(item) || item.kind != ItemKind::clock_report) return;
  const auto report = wire::ClockReport::decode(body);
  // What is late by more than the margin is silence at the agent for as long as it is.
  clock_.set_most_behind(std::max(margin_.value(), kLeastJump));
  if (!report || !clock_.observe(clock_.unwrap(report->index), report->stamp)) {
    ++malformed_;
    return;
  }
  raise_submit_ahead(report->submitted_ahead);
  if (report->late > agent_late_) {
    margin_.on_late(std::max(-report->least_margin, Duration::zero()), now);
  }
  tell_margin(margin_.value());
  if (report->has_margin()) agent_fifo_.add(report->least_margin, now);
  agent_late_ = std::max(agent_late_, report->late);
  agent_missing_ = std::max(agent_missing_, report->missing);
  follow_path(now);
  send_held(now);
}

void IsoOutPacer::path_changed(Instant now) {
  follow_path(now);
  send_held(now);
}

void IsoOutPacer::follow_path(Instant now) {
  if (!clock_.recovered().has_phase() || !context_.path.valid) return;
  clock_.follow_offset(-context_.path.outbound_offset, now);
  if (is_paced() && !paced_since_) paced_since_ = now;
  const auto restarts = clock_.recovered().restarts();
  if (restarts != restarts_seen_) next_.reset();
  restarts_seen_ = restarts;
}

Duration IsoOutPacer::ahead() const {
  return submit_ahead_ + margin_.value() + kWakeUps;
}

Instant IsoOutPacer::waits_until() const {
  return next_ ? waiting_since_ + kMostApartOpen : *paced_since_ + kMostApart;
}

bool IsoOutPacer::waits(Instant now) const {
  return now < waits_until() && begins_anew(now) && context_.group->capture_begin(now) == kNever;
}

void IsoOutPacer::send_held(Instant now) {
  if (!has_held_ || !is_paced() || waits(now)) return;
  has_held_ = false;
  for (Urb* urb = queue_.front(); urb != nullptr; urb = urb->next) {
    if (urb->first_index < 0) assign_and_send(*urb, urb->data, now);
  }
}

void IsoOutPacer::assign_and_send(Urb& urb, std::span<const std::byte> data, Instant now) {
  urb.first_index = choose_index(now);
  next_ = urb.first_index + static_cast<std::int64_t>(urb.packets.size());
  writer_.write(urb, urb.first_index, data, context_.sink.outbound(), context_.sink.source_bytes(),
                now);
  const Duration host_to_bus = clock_.at(urb.first_index) + context_.path.base() - urb.arrived;
  latency_.record(std::max(host_to_bus, Duration::zero()).count());
}

// What is past by more than half of D would reach the agent too late.
bool IsoOutPacer::is_late(Instant now) const {
  const Duration most_forgiven = margin_.value() / 2;
  const Duration forgiven = has_drained_ ? std::min(most_forgiven, kResubmission) : most_forgiven;
  return next_ && virtual_sof(*next_) + forgiven < now;
}

// A driver that ran dry, or took its URBs back, begins anew.
bool IsoOutPacer::begins_anew(Instant now) const {
  return !next_ || has_stopped_ || (has_drained_ && is_late(now));
}

// The interval after the last one. A driver that is late goes on at the first interval that is not
// past; one that begins anew at that too, or where capture begins with it.
std::int64_t IsoOutPacer::choose_index(Instant now) {
  if (next_ && virtual_sof(*next_) > now + kFarAhead) next_.reset();
  const bool begins = begins_anew(now);
  const bool goes_on = !begins && !is_late(now);
  Instant from = now;
  if (begins) {
    begin(now);
    const auto capture = context_.group->capture_begin(now);
    if (capture && *capture != kNever) from = std::clamp(*capture, now, now + kMostApart);
  }
  has_drained_ = has_stopped_ = false;
  if (goes_on) return *next_;
  const std::int64_t first =
      std::max(clock_.first_at_or_after(from + ahead() + start_slack_), next_.value_or(0));
  if (next_) {
    account_.unlinked += static_cast<std::uint64_t>(first - *next_);
  } else {
    done_ = first;
  }
  return first;
}

// Where even the most has not helped, slack is not what it wants for.
void IsoOutPacer::begin(Instant now) {
  if (next_ && now - began_ < kShortRun) start_slack_ += kSlackStep;
  if (start_slack_ > kMostSlack) start_slack_ = Duration::zero();
  began_ = now;
}

Instant IsoOutPacer::due(const Urb& urb) const {
  const Duration duration = duration_of(urb);
  const Instant latest = std::max(urb.arrived, last_completion_) + duration + kLongestWait;
  const Instant provisional = std::max(waiting_since_ + kLongestWait, last_completion_ + duration);
  Instant at = provisional;
  if (urb.first_index >= 0 && is_paced()) {
    at = virtual_sof(urb.first_index + static_cast<std::int64_t>(urb.packets.size()) - 1);
  }
  return std::max(std::min(at, latest), paced_from_ + duration / 2);
}

Instant IsoOutPacer::next_deadline() const {
  if (queue_.empty()) return kNever;
  const Instant next = due(*queue_.front());
  return has_held_ && is_paced() ? std::min(next, waits_until()) : next;
}

std::size_t IsoOutPacer::turn(Instant now) {
  send_held(now);
  if (queue_.empty() || now < due(*queue_.front())) return 0;
  complete(*queue_.front(), now);
  return 1;
}

// Catching up counts from when the last one was due: from when it was done, each completion would
// cost a late wake-up more, and a worker that wakes late by half an URB would never catch up.
Duration IsoOutPacer::forgiven_lateness() const {
  return std::max(margin_.value() - kShortMargin, Duration::zero()) / 4;
}

void IsoOutPacer::complete(Urb& urb, Instant now) {
  paced_from_ = std::max(due(urb), now - forgiven_lateness());
  std::uint64_t actual = 0;
  packets_.clear();
  for (const PacketShape& shape : urb.packets) {
    packets_.push_back({shape.offset, shape.length, shape.length, UrbStatus::ok});
    actual += shape.length;
  }
  (urb.first_index >= 0 ? account_.direct : account_.lead_in) += urb.packets.size();
  const std::int64_t end = urb.first_index + static_cast<std::int64_t>(urb.packets.size());
  if (urb.first_index >= 0 && next_ && end <= *next_) done_ = std::max(done_, end);
  margin_.on_decided(urb.packets.size());
  queue_.remove(urb);
  if (queue_.empty()) on_empty(now);
  last_completion_ = now;
  context_.answerer.complete(urb, {UrbStatus::ok, actual, {}, packets_});
}

void IsoOutPacer::add_status(AttachmentStatus& status) const {
  StreamStatus stream;
  stream.endpoint = info_.address;
  stream.open = is_open();
  stream.interval = info_.interval;
  stream.base = context_.path.base();
  stream.playout = ahead();
  stream.margin = margin_.value();
  stream.margin_reason = margin_.reason();
  stream.is_margin_fixed = margin_.is_fixed();
  stream.submit_ahead = submit_ahead_;
  stream.wake_ups = kWakeUps;
  stream.start_slack = start_slack_;
  stream.clock_ppm = clock_.ppm();
  stream.account = account_;
  stream.playout_raises = margin_.raises();
  stream.agent_late = agent_late_;
  stream.agent_missing = agent_missing_;
  stream.agent_fifo = agent_fifo_.status();
  stream.latency_p50 = latency_.quantile(0.5);
  stream.latency_p99 = latency_.quantile(0.99);
  stream.latency_max = latency_.max();
  status.streams.push_back(stream);
}

}  // namespace usbgw::host
