#include "simulation/wake_up_lateness.h"

#include <algorithm>

namespace usbgw::simulation {
namespace {

constexpr std::uint64_t kMostSamples = 65536;

}  // namespace

WakeUpLateness WakeUpLateness::uniform(Duration most) {
  WakeUpLateness lateness;
  lateness.most_ = most;
  return lateness;
}

WakeUpLateness WakeUpLateness::measured(const Histogram& nanoseconds) {
  WakeUpLateness lateness;
  const auto count = static_cast<std::size_t>(std::min(nanoseconds.count(), kMostSamples));
  lateness.samples_.reserve(count);
  for (std::size_t i = 1; i <= count; ++i) {
    const double share = static_cast<double>(i) / static_cast<double>(count);
    lateness.samples_.push_back(Duration{nanoseconds.quantile(share)});
  }
  return lateness;
}

Duration WakeUpLateness::draw(Random& random) const {
  if (!samples_.empty()) return samples_[random.below(samples_.size())];
  if (most_ == Duration{}) return most_;
  return Duration{
      static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(most_.count()) + 1))};
}

}  // namespace usbgw::simulation
