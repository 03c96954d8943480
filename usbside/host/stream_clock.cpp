#include "usbside/host/stream_clock.h"

#include <algorithm>

namespace usbgw::host {
namespace {

constexpr Duration kJump = std::chrono::milliseconds(20);  // another route, or a restarted clock
constexpr Duration kLeastForDrift = std::chrono::seconds(10);

}  // namespace

std::int64_t StreamClock::unwrap(std::uint32_t index) const {
  return unwrap_near(index, clock_.newest_index());
}

void StreamClock::follow_offset(Duration target, Instant now) {
  if (!offset_ || target - *offset_ > kJump || *offset_ - target > kJump) {
    offset_ = first_offset_ = target;
    followed_ = first_followed_ = now;
    return;
  }
  // 0.2 % of elapsed time: ten times the worst drift between two crystals.
  const Duration most = std::max((now - followed_) / 500, Duration::zero());
  *offset_ += std::clamp(target - *offset_, -most, most);
  followed_ = now;
}

double StreamClock::ppm() const {
  if (!is_known()) return 0;
  const Duration elapsed = followed_ - first_followed_;
  if (elapsed < kLeastForDrift) return -clock_.rate_ppm();
  const auto drift = static_cast<double>((*offset_ - first_offset_).count());
  return -clock_.rate_ppm() - drift / static_cast<double>(elapsed.count()) * 1e6;
}

}  // namespace usbgw::host
