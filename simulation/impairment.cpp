#include "simulation/impairment.h"

#include <algorithm>
#include <cmath>

namespace usbgw::simulation {
namespace {

// Numbers of their own: as far from each other as from those of neighbouring seeds.
constexpr std::uint64_t kTraceSeed = 0x510E527FADE682D1;
constexpr std::uint64_t kGilbertSeed = 0x6A09E667F3BCC908;
constexpr std::uint64_t kReorderSeed = 0xBB67AE8584CAA73B;
constexpr std::uint64_t kDuplicateSeed = 0x3C6EF372FE94F82B;
constexpr std::uint64_t kCorruptSeed = 0xA54FF53A5F1D36F1;

}  // namespace

Impairment::Impairment(const ImpairmentProfile& profile, std::uint64_t seed)
    : profile_(profile),
      trace_start_(Random(seed ^ kTraceSeed).uniform()),
      random_(seed),
      gilbert_random_(seed ^ kGilbertSeed),
      reorder_random_(seed ^ kReorderSeed),
      duplicate_random_(seed ^ kDuplicateSeed),
      corrupt_random_(seed ^ kCorruptSeed) {}

ImpairmentCounts Impairment::counts() const {
  constexpr auto kRelaxed = std::memory_order_relaxed;
  return {offered_.load(kRelaxed), lost_.load(kRelaxed), reordered_.load(kRelaxed),
          duplicated_.load(kRelaxed), corrupted_.load(kRelaxed)};
}

void Impairment::set_profile(const ImpairmentProfile& profile) {
  profile_ = profile;
  state_until_.reset();
  down_ = false;
  bad_.reset();
}

// Alternating exponential times up and down whose means give the wanted share of time down.
bool Impairment::is_down(Instant when) {
  if (profile_.outage_loss <= 0 || profile_.outage_mean.count() <= 0) return false;
  const double down_mean = static_cast<double>(profile_.outage_mean.count());
  const double up_mean = down_mean * (1 - profile_.outage_loss) / profile_.outage_loss;
  if (!state_until_) {
    down_ = random_.chance(profile_.outage_loss);
    state_until_ =
        when +
        Duration(static_cast<std::int64_t>(random_.exponential(down_ ? down_mean : up_mean)));
  }
  while (when >= *state_until_) {
    down_ = !down_;
    *state_until_ +=
        Duration(static_cast<std::int64_t>(random_.exponential(down_ ? down_mean : up_mean)) + 1);
  }
  return down_;
}

bool Impairment::is_flapped(Instant when) const {
  if (profile_.flap_down.count() <= 0 || profile_.flap_every.count() <= 0) return false;
  return when.time_since_epoch() % profile_.flap_every >= profile_.flap_every - profile_.flap_down;
}

bool Impairment::is_lost_in_trace(Instant when) const {
  if (profile_.trace == nullptr) return false;
  const auto length = static_cast<double>(profile_.trace->length().count());
  return profile_.trace->is_lost(when.time_since_epoch() +
                                 Duration(static_cast<std::int64_t>(trace_start_ * length)));
}

// Begins in either state as often as it is in it.
bool Impairment::is_lost_by_state() {
  const GilbertLoss& gilbert = profile_.gilbert;
  if (gilbert.to_bad <= 0) return false;
  Random& random = gilbert_random_;
  if (!bad_) bad_ = random.chance(gilbert.to_bad / (gilbert.to_bad + gilbert.to_good));
  const bool is_lost = random.chance(*bad_ ? gilbert.loss_bad : gilbert.loss_good);
  if (random.chance(*bad_ ? gilbert.to_good : gilbert.to_bad)) bad_ = !*bad_;
  return is_lost;
}

Duration Impairment::time_to_slot(Random& random) {
  constexpr double kMean = 1.5;
  constexpr double kMost = 4;  // the table's entries are 16 bits, 8192 to one
  const double x = std::min((std::pow(1 - random.uniform(), -1.0 / 3) - kMean) * 4 / 3, kMost);
  return profile_.slot_delay +
         Duration(std::llround(x * static_cast<double>(profile_.slot_jitter.count())));
}

Duration Impairment::extra_delay(Instant sent, Random& random) {
  switch (profile_.variation) {
    case DelayVariation::uniform:
      return Duration(static_cast<std::int64_t>(
          random.below(static_cast<std::uint64_t>(profile_.jitter.count()) + 1)));
    case DelayVariation::exponential: {
      const auto mean = static_cast<double>(profile_.variation_mean.count());
      return std::min(Duration(std::llround(random.exponential(mean))), profile_.jitter);
    }
    case DelayVariation::slots:
      if (slot_ < sent) slot_ = sent + time_to_slot(random);
      return std::max(slot_ - sent, Duration{});
  }
  return {};
}

void Impairment::add_arrival(Fate& fate, Instant sent, Duration extra) {
  Instant at = sent + profile_.delay + extra;
  if (profile_.reorder > 0 && reorder_random_.chance(profile_.reorder)) {
    ++reordered_;
    at += profile_.reorder_by;
  } else {
    if (profile_.keeps_order) at = std::max(at, newest_arrival_);
    newest_arrival_ = std::max(newest_arrival_, at);
  }
  Fate::Arrival& arrival = fate.all[fate.count++];
  arrival.at = at;
  if (profile_.corrupt > 0 && corrupt_random_.chance(profile_.corrupt)) {
    ++corrupted_;
    arrival.flipped = corrupt_random_.next();
  }
}

// All that is drawn from random_ is drawn for every datagram, lost or not.
Fate Impairment::fate_of(Instant sent) {
  ++offered_;
  const bool is_cut = is_down(sent) || is_flapped(sent) || is_lost_in_trace(sent);
  const bool is_lost = random_.chance(profile_.loss);
  const Duration extra = extra_delay(sent, random_);
  const bool is_bad = is_lost_by_state();
  Fate fate;
  if (is_cut || is_lost || is_bad) {
    ++lost_;
    return fate;
  }
  add_arrival(fate, sent, extra);
  if (profile_.duplicate > 0 && duplicate_random_.chance(profile_.duplicate)) {
    ++duplicated_;
    add_arrival(fate, sent, extra_delay(sent, duplicate_random_));
  }
  return fate;
}

}  // namespace usbgw::simulation
