#include "dataplane/session/paths.h"

#include <algorithm>

namespace usbgw::session {
namespace {

using namespace std::chrono_literals;

// Several pings: one that is lost is no silence.
constexpr Duration kSilence = 500ms;
// A path that is silent for longer is not counted on, and not sent to: whoever has its address now
// gets pings. Shorter outages leave everything as it was.
constexpr Duration kForgotten = 60s;
// How long the first path to be measured waits for the other.
constexpr Duration kWait = 500ms;

}  // namespace

Instant Path::next_deadline() const {
  const Instant next = std::min(monitor.next_deadline(), probe.next_deadline());
  return std::max(probe_to_answer ? Instant{} : next, blocked_until);
}

Paths::Paths(const SessionConfig& config)
    : paths_{Path(config), Path(config)}, count_(config.second_remote ? 2 : 1) {}

void Paths::update(Instant now) {
  if (!are_two()) return;
  note_silence(now);
  compare();
  combine(now);
}

void Paths::note_silence(Instant now) {
  for (std::size_t i = 0; i < count_; ++i) {
    const PathMonitor& monitor = paths_[i].monitor;
    const bool has_answered = monitor.answers() > 0;
    const Duration silent = now - monitor.answered();
    is_answering_[i] = has_answered && silent <= kSilence + monitor.retransmit_timeout();
    carries_[i] = has_answered && silent <= kForgotten;
  }
  carries_[0] = carries_[0] || !carries_[1];
}

void Paths::compare() {
  const PathEstimate& first = paths_[0].monitor.estimate();
  const PathEstimate& second = paths_[1].monitor.estimate();
  if (!carries_[0] || !carries_[1]) {
    behind_.reset();
  } else if (is_answering_[0] && is_answering_[1] && first.valid && second.valid) {
    behind_ = {second.inbound_offset - first.inbound_offset,
               second.outbound_offset - first.outbound_offset};
  }
}

std::optional<PathId> Paths::lead() const {
  for (const PathId path : {PathId::first, PathId::second})
    if (is_answering(path) && (*this)[path].monitor.estimate().valid) return path;
  return std::nullopt;
}

void Paths::combine(Instant now) {
  const auto path = lead();
  if (!path) return;  // nobody knows better than before
  if (!measured_since_) measured_since_ = now;
  PathEstimate both = (*this)[*path].monitor.estimate();
  if (behind_) {
    const PathEstimate& that = (*this)[other(*path)].monitor.estimate();
    const int sign = *path == PathId::first ? 1 : -1;
    const Duration in = sign * behind_->inbound;
    const Duration out = sign * behind_->outbound;
    both.inbound_offset += std::max(in, Duration{});
    both.outbound_offset += std::max(out, Duration{});
    both.round_trip_min = std::max(both.inbound_offset + both.outbound_offset, Duration{});
    both.round_trip_smoothed = std::max(both.round_trip_smoothed, that.round_trip_smoothed);
    both.jitter =
        std::max(both.jitter - std::max(in, Duration{}), that.jitter + std::min(in, Duration{}));
  }
  both.valid = combined_.valid || behind_.has_value() || now - *measured_since_ >= kWait;
  combined_ = both;
}

template <class Visit>
void Paths::for_each_measured(Visit&& visit) const {
  for (std::size_t i = 0; i < count_; ++i)
    if (carries_[i] && paths_[i].monitor.estimate().valid) visit(paths_[i].monitor);
}

RoundTrip Paths::round_trip() const {
  if (!are_two()) return paths_[0].monitor.round_trip();
  RoundTrip both{Duration::max(), {}, {}};
  for_each_measured([&](const PathMonitor& monitor) {
    const RoundTrip one = monitor.round_trip();
    both.least = std::min(both.least, one.least);
    both.smoothed = std::max(both.smoothed, one.smoothed);
    both.bound = std::max(both.bound, one.bound);
  });
  return both.bound == Duration{} ? paths_[0].monitor.round_trip() : both;
}

Duration Paths::retransmit_timeout() const {
  if (!are_two()) return paths_[0].monitor.retransmit_timeout();
  Duration longest{};
  for_each_measured([&](const PathMonitor& monitor) {
    longest = std::max(longest, monitor.retransmit_timeout());
  });
  return longest == Duration{} ? paths_[0].monitor.retransmit_timeout() : longest;
}

Duration Paths::lag(PathId path) const {
  if (!behind_) return {};
  return std::max(path == PathId::first ? behind_->inbound : -behind_->inbound, Duration{});
}

std::size_t Paths::payload() const {
  std::size_t least = paths_[0].probe.payload();
  for (const Path& path : all()) least = std::min(least, path.probe.payload());
  return least;
}

Instant Paths::next_deadline() const {
  Instant next = kNever;
  for (const Path& path : all()) next = std::min(next, path.next_deadline());
  return next;
}

}  // namespace usbgw::session
