#include "usbside/host/playout_margin.h"

#include <algorithm>

namespace usbgw::host {
namespace {

constexpr double kMissTarget = 1e-5;
constexpr Duration kStep = std::chrono::microseconds(250);
// Intervals that were under way when the margin last moved must not move it again.
constexpr Duration kLeastBetweenRaises = std::chrono::milliseconds(20);

MarginReason reason_of(PlayoutOrigin origin) {
  switch (origin) {
    case PlayoutOrigin::attachment:
      return MarginReason::attachment;
    case PlayoutOrigin::exported:
      return MarginReason::exported;
    case PlayoutOrigin::by_default:
      break;
  }
  return MarginReason::by_default;
}

}  // namespace

PlayoutMargin::PlayoutMargin(const PlayoutConfig& config, Duration most_held) : mode_(config.mode) {
  const Duration wanted = std::max(config.playout, Duration::zero());
  const Duration most_wanted = std::max(config.playout_max, wanted);
  limit_ = most_held < most_wanted ? MarginReason::buffer_count : MarginReason::playout_max;
  most_ = std::min(most_wanted, most_held);
  set(wanted, reason_of(config.origin));
  least_ = value_;
  least_reason_ = reason_;
}

void PlayoutMargin::set(Duration wanted, MarginReason reason) {
  value_ = std::min(wanted, most_);
  reason_ = wanted > most_ ? limit_ : reason;
}

void PlayoutMargin::on_decided(std::uint64_t intervals) {
  allowance_ = std::min(allowance_ + static_cast<double>(intervals) * kMissTarget, 1.0);
}

void PlayoutMargin::on_late(Duration by, Instant now) {
  if (mode_ == PlayoutMode::fixed) return;
  if (allowance_ >= 1.0) {
    allowance_ -= 1.0;
    return;
  }
  if (by > most_ - value_ || now - raised_at_ < kLeastBetweenRaises) return;
  const auto steps = std::max<std::int64_t>((by + kStep - Duration{1}) / kStep, 1);
  set(value_ + steps * kStep, MarginReason::late_data);
  raised_at_ = now;
  raises_ += static_cast<std::uint64_t>(steps);
}

void PlayoutMargin::on_idle(const PathEstimate& path) {
  if (mode_ == PlayoutMode::fixed) return;
  const auto steps = path.valid ? (path.jitter + kStep - Duration{1}) / kStep : 0;
  const bool is_jittered = steps * kStep > least_;
  set(is_jittered ? steps * kStep : least_,
      is_jittered ? MarginReason::path_jitter : least_reason_);
}

}  // namespace usbgw::host
