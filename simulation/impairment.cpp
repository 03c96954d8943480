#include "simulation/impairment.h"

#include <algorithm>

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

std::optional<Instant> Impairment::deliver_at(Instant sent) {
  ++offered_;
  const bool down = is_down(sent);
  const bool lost = random_.chance(profile_.loss);
  const auto jitter = Duration(static_cast<std::int64_t>(
      random_.below(static_cast<std::uint64_t>(profile_.jitter.count()) + 1)));
  if (down || lost) {
    ++lost_;
    return std::nullopt;
  }
  Instant arrival = sent + profile_.delay + jitter;
  if (profile_.keeps_order) arrival = std::max(arrival, newest_arrival_);
  newest_arrival_ = std::max(newest_arrival_, arrival);
  return arrival;
}

}  // namespace usbgw::simulation
