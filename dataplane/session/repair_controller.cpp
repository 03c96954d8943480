#include "dataplane/session/repair_controller.h"

#include <algorithm>
#include <cmath>

namespace usbgw::session {
namespace {

using namespace std::chrono_literals;

constexpr Duration kBin = 100ms;
// What the choice rests on: so long, or until there are so many losses.
constexpr Duration kShortest = 1900ms;
constexpr Duration kLongest = 60s;
constexpr std::uint32_t kEnoughMissing = 8;
// Down: only what would have done for this long; to nothing, when nothing was lost for that long.
constexpr Duration kDownAfter = 200ms;
constexpr Duration kOffAfter = 50s;
// Few enough misses: this share of what one copy leaves of independent losses.
constexpr double kFewMisses = 0.25;
constexpr double kWorthwhile = 0.5;  // more overhead at most leaves this share of the misses
// Of a request: until the receiver misses a source, beyond the spread of arrivals.
constexpr double kPatience = 0.25;
constexpr double kLeastInterval = 0.05;  // ms
// A receiver sends them kLossReportInterval apart; jitter brings two together.
constexpr Duration kLeastBetweenReports = kLossReportInterval / 2;
constexpr Duration kSilence = 1s;
// Of a datagram with one source: IPv6, UDP, our header and tag, a repair record's (wire-format.md).
constexpr double kDatagramBytes = 40 + 8 + wire::kDatagramOverhead + kRepairOverhead;
// Steps of the latest time: a change in the last microsecond is no other plan.
constexpr Duration kSpreadStep = 25us;
constexpr unsigned kMostAttempts = 32;

double to_ms(Duration duration) {
  return static_cast<double>(duration.count()) * 1e-6;
}

// A path that is down a `loss` share of the time: the chance that it is, `ms` after it was.
double still_down(double loss, double outage, double ms) {
  return outage <= 0 ? loss : loss + (1 - loss) * std::exp(-ms / (outage * (1 - loss)));
}

// `count` copies, evenly until `until`.
double copies_miss(double loss, double outage, double until, unsigned count) {
  return loss * std::pow(still_down(loss, outage, until / count), count);
}

// Requests leave once a source is missed, and again after each round trip; the last attempt is
// made twice.
double resends_miss(double loss, double outage, double first, double again, double until) {
  double miss = loss;
  double sent = 0;
  unsigned attempts = 0;
  for (double at = first; at <= until && attempts < kMostAttempts; at += again) {
    const bool is_last = at + again > until;
    const double lost = is_last ? loss * loss : loss;
    double fails = still_down(loss, outage, at - sent);
    if (is_last && outage <= 0) fails *= loss;
    miss *= std::min(1.0, fails + lost);
    sent = at;
    ++attempts;
  }
  return miss;
}

// `rate` symbols for each source, over what was sent within `until`. A source with `before` missing
// ones right before it and `after` right behind comes back when as many symbols have come after the
// burst; or when independent losses have left as many symbols as there are losses.
double window_miss(double loss, double outage, double until, double interval, double rate) {
  const double sources = std::floor(until / interval + 1e-6);
  const auto symbols = static_cast<unsigned>(sources * rate);
  if (symbols == 0) return loss;
  const double goes_on = outage <= 0 ? 0 : std::exp(-interval / outage);
  double repaired = 0;
  double chance = 1 - goes_on;  // of `after`
  for (double after = 0; after < sources; ++after, chance *= goes_on) {
    const double before = std::floor((sources - after) * rate + 1e-6) - 1 - after;
    if (before < 0) break;
    repaired += chance * (1 - std::pow(goes_on, before + 1));
  }
  const double among = symbols + 2 * sources;
  double ways = 1;
  for (unsigned i = 0; i < symbols; ++i) ways *= std::max(0.0, among - i) / (i + 1) * loss;
  return loss * std::min(1.0, 1 - repaired + ways);
}

}  // namespace

void RepairController::open(Duration deadline, std::uint64_t share) {
  *this = {};
  deadline_ = deadline;
  share_ = share;
  protect();
}

void RepairController::set_deadline(Duration deadline) {
  deadline_ = deadline;
  if (!has_report_) protect();
}

// One copy, which jitter that is not known yet may delay.
void RepairController::protect() {
  choice_ = {{RepairScheme::block, 1, 1, deadline_ / 2}, false, 1};
  if (!is_affordable(choice_)) choice_ = {{RepairScheme::block, 1, 0, {}}, true, 0};
  cheaper_since_ = kNever;
}

void RepairController::source_sent(std::size_t bytes, Instant now) {
  const auto size = static_cast<double>(bytes);
  source_bytes_ = source_bytes_ == 0 ? size : source_bytes_ + (size - source_bytes_) / 64;
  if (last_source_ != Instant{}) {
    const double gap = std::min(to_ms(now - last_source_), 100.0);
    interval_ms_ = interval_ms_ == 0 ? gap : interval_ms_ + (gap - interval_ms_) / 64;
  }
  last_source_ = now;
  if (heard_at_ == Instant{}) heard_at_ = now;
  if (now - heard_at_ > kSilence || (!has_report_ && !is_affordable(choice_))) protect();
}

void RepairController::report(const wire::LossReportRecord& report, Instant now,
                              const RoundTrip& round_trip) {
  if (has_report_ && now - heard_at_ < kLeastBetweenReports) return;
  const wire::LossReportRecord before = newest_;
  const auto grown = static_cast<std::int32_t>(report.settled - before.settled);
  if (grown < 0) return;
  newest_ = report;
  if (!has_report_) last_loss_ = now;
  has_report_ = true;
  heard_at_ = now;
  spread_ = std::chrono::microseconds(report.spread_us);
  const Counts more{report.settled - before.settled, report.missing - before.missing,
                    report.runs - before.runs};
  // A peer that counts wrongly harms its own stream: the numbers stay what they can be.
  if (more.missing > more.settled || more.runs > more.missing) return;
  const std::int64_t id = now.time_since_epoch() / kBin;
  Bin& bin = bins_[static_cast<std::size_t>(id) % kBins];
  if (bin.id != id) bin = {id, {}};
  bin.counts.settled += more.settled;
  bin.counts.missing += more.missing;
  bin.counts.runs += more.runs;
  if (more.missing > 0) last_loss_ = now;

  if (now - last_loss_ >= kOffAfter || !is_affordable(choice_))
    choice_ = {{RepairScheme::block, 1, 0, {}}, true, 0};
  if (now - last_loss_ >= kOffAfter) return;
  if (last(kLongest, now).missing == 0) {
    if (choice_.plan.repair > 0) choice_.plan.spread = latest();
    return;
  }
  const Candidate candidate = best(now, round_trip);
  if (candidate.choice.overhead >= choice_.overhead) {
    choice_ = candidate.choice;
    cheaper_since_ = kNever;
  } else if (cheaper_since_ == kNever) {
    cheaper_since_ = now;
  } else if (now - cheaper_since_ >= kDownAfter) {
    choice_ = candidate.choice;
    cheaper_since_ = kNever;
  }
}

RepairController::Counts RepairController::last(Duration duration, Instant now) const {
  const std::int64_t newest = now.time_since_epoch() / kBin;
  Counts sum;
  for (std::int64_t id = newest; id > newest - duration / kBin && id >= 0; --id) {
    const Bin& bin = bins_[static_cast<std::size_t>(id) % kBins];
    if (bin.id != id) continue;
    sum.settled += bin.counts.settled;
    sum.missing += bin.counts.missing;
    sum.runs += bin.counts.runs;
  }
  return sum;
}

// How likely the runs are with each mean length: a run goes on with the chance that the path is
// still down a source later.
RepairController::Weights RepairController::weigh(const Counts& counts, double loss) const {
  Weights weights{};
  double most = -1e300;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const double goes_on = std::clamp(
        still_down(loss, kOutages[i], std::max(interval_ms_, kLeastInterval)), 1e-6, 1 - 1e-6);
    weights[i] =
        (counts.missing - counts.runs) * std::log(goes_on) + counts.runs * std::log(1 - goes_on);
    most = std::max(most, weights[i]);
  }
  double sum = 0;
  for (double& weight : weights) sum += weight = std::exp(weight - most);
  for (double& weight : weights) weight /= sum;
  return weights;
}

bool RepairController::is_affordable(const RepairChoice& choice) const {
  if (share_ == 0 || interval_ms_ == 0) return true;
  const double rate = (source_bytes_ + kDatagramBytes) / interval_ms_ * 1000;
  return rate * (1 + choice.overhead) <= static_cast<double>(share_);
}

// What is sent so much after its source still comes in time, but for jitter that is rarer than what
// the last seconds had.
Duration RepairController::latest() const {
  const Duration jitter = spread_ + spread_ / 20;
  const Duration latest = jitter < deadline_ ? deadline_ - jitter : deadline_ / 2;
  // The sender has no source for longer than its history lasts.
  const auto kept = std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::milli>(
      std::max(interval_ms_, kLeastInterval) * (kRepairHistory - wire::kMaxRepairSet)));
  return std::min(latest, kept) / kSpreadStep * kSpreadStep;
}

RepairController::Candidate RepairController::best(Instant now, const RoundTrip& round_trip) const {
  Counts counts;
  for (Duration duration = kShortest; duration <= kLongest; duration *= 2) {
    counts = last(duration, now);
    if (counts.missing >= kEnoughMissing) break;
  }
  const double loss =
      std::clamp(static_cast<double>(counts.missing) / std::max(counts.settled, 1u), 1e-5, 0.5);
  const Weights weights = weigh(counts, loss);
  const double interval = std::max(interval_ms_, kLeastInterval);
  const double spread = to_ms(spread_);
  const double until = to_ms(latest());

  Candidate chosen;
  chosen.misses = loss;
  const auto consider = [&](const RepairChoice& choice, auto&& miss) {
    Candidate candidate{choice, 0};
    if (!is_affordable(choice)) return;
    for (std::size_t i = 0; i < weights.size(); ++i)
      candidate.misses += weights[i] * miss(loss, kOutages[i]);
    if (chosen.misses <= kFewMisses * loss * loss && choice.overhead > chosen.choice.overhead)
      return;
    const double most = choice.overhead > chosen.choice.overhead ? kWorthwhile : 1.0;
    if (candidate.misses < most * chosen.misses) chosen = candidate;
  };
  const double longest = std::min(until, interval * wire::kMaxRepairSet);
  const double again = to_ms(round_trip.bound);
  const double first = kPatience + spread + to_ms(std::max(round_trip.least, round_trip.smoothed));
  consider({{RepairScheme::block, 1, 0, {}}, true, 0},
           [&](double p, double b) { return resends_miss(p, b, first, again, until); });
  const auto window = [&](unsigned data, unsigned repair) {
    const double rate = static_cast<double>(repair) / data;
    consider({{RepairScheme::window, data, repair, latest()}, false, rate},
             [&](double p, double b) { return window_miss(p, b, longest, interval, rate); });
  };
  const auto copies = [&](unsigned count) {
    consider({{RepairScheme::block, 1, count, latest()}, false, static_cast<double>(count)},
             [&](double p, double b) { return copies_miss(p, b, until, count); });
  };
  window(2, 1);
  copies(1);
  window(1, 1);
  copies(2);
  window(1, 2);
  return chosen;
}

}  // namespace usbgw::session
