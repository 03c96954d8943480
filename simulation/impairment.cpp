#include "simulation/impairment.h"

#include <algorithm>
#include <cmath>

namespace usbgw::simulation {

Impairment::Impairment(const ImpairmentProfile& profile, std::uint64_t seed)
    : profile_(profile), random_(seed) {}

void Impairment::set_profile(const ImpairmentProfile& profile) {
  profile_ = profile;
  state_until_.reset();
  down_ = false;
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

Duration Impairment::time_to_slot() {
  constexpr double kMean = 1.5;
  constexpr double kMost = 4;  // the table's entries are 16 bits, 8192 to one
  const double x = std::min((std::pow(1 - random_.uniform(), -1.0 / 3) - kMean) * 4 / 3, kMost);
  return profile_.slot_delay +
         Duration(std::llround(x * static_cast<double>(profile_.slot_jitter.count())));
}

Duration Impairment::extra_delay(Instant sent) {
  switch (profile_.variation) {
    case DelayVariation::uniform:
      return Duration(static_cast<std::int64_t>(
          random_.below(static_cast<std::uint64_t>(profile_.jitter.count()) + 1)));
    case DelayVariation::exponential: {
      const auto mean = static_cast<double>(profile_.variation_mean.count());
      return std::min(Duration(std::llround(random_.exponential(mean))), profile_.jitter);
    }
    case DelayVariation::slots:
      if (slot_ < sent) slot_ = sent + time_to_slot();
      return std::max(slot_ - sent, Duration{});
  }
  return {};
}

std::optional<Instant> Impairment::deliver_at(Instant sent) {
  ++offered_;
  const bool down = is_down(sent);
  const bool lost = random_.chance(profile_.loss);
  const Duration extra = extra_delay(sent);
  if (down || lost) {
    ++lost_;
    return std::nullopt;
  }
  Instant arrival = sent + profile_.delay + extra;
  if (profile_.keeps_order) arrival = std::max(arrival, newest_arrival_);
  newest_arrival_ = std::max(newest_arrival_, arrival);
  return arrival;
}

}  // namespace usbgw::simulation
