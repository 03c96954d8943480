#include "usbside/host/playout_margin.h"

#include <algorithm>

namespace usbgw::host {
namespace {

constexpr double kMissTarget = 1e-5;
constexpr Duration kStep = std::chrono::microseconds(250);
// Intervals that were under way when the margin last moved must not move it again.
constexpr Duration kLeastBetweenRaises = std::chrono::milliseconds(20);

}  // namespace

PlayoutMargin::PlayoutMargin(const PlayoutConfig& config)
    : mode_(config.mode),
      least_(std::max(config.playout, Duration::zero())),
      most_(std::max(config.playout_max, least_)),
      value_(least_) {}

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
  value_ = std::min(value_ + steps * kStep, most_);
  raised_at_ = now;
  raises_ += static_cast<std::uint64_t>(steps);
}

void PlayoutMargin::on_idle(const PathEstimate& path) {
  value_ = least_;
  if (mode_ == PlayoutMode::fixed || !path.valid) return;
  const auto steps = (path.jitter + kStep - Duration{1}) / kStep;
  value_ = std::clamp(steps * kStep, least_, most_);
}

}  // namespace usbgw::host
