#include "simulation/packet_sizes.h"

#include <algorithm>

#include "common/byte_order.h"

namespace usbgw::simulation {

PacketSizes::PacketSizes(const UrbPlan& plan, SyncSource source, std::uint32_t rate)
    : plan_(plan),
      is_synced_(source != SyncSource::none),
      rate_q16_(plan.nominal_q16),
      small_(std::min(rate / plan.packets_per_second, plan.max_packet_frames)),
      large_(std::min((rate + plan.packets_per_second - 1) / plan.packets_per_second,
                      plan.max_packet_frames)),
      remainder_(rate % plan.packets_per_second) {}

void PacketSizes::restart() {
  phase_q16_ = 0;
  accumulated_ = 0;
}

std::optional<std::uint32_t> PacketSizes::next(std::uint32_t available) {
  if (is_synced_) {
    const std::uint64_t phase = (phase_q16_ & 0xFFFF) + (rate_q16_ << plan_.interval_exponent);
    const auto frames = std::min(static_cast<std::uint32_t>(phase >> 16), plan_.max_packet_frames);
    if (frames >= available) return std::nullopt;
    phase_q16_ = phase;
    return frames;
  }
  std::uint32_t accumulated = accumulated_ + remainder_;
  const bool is_large = accumulated >= plan_.packets_per_second;
  if (is_large) accumulated -= plan_.packets_per_second;
  const std::uint32_t frames = is_large ? large_ : small_;
  if (frames >= available) return std::nullopt;
  accumulated_ = accumulated;
  return frames;
}

// The first value fixes the format: it is shifted until it is between -25 % and +50 % of nominal.
std::uint64_t PacketSizes::normalise(std::uint64_t value) {
  if (shift_) return *shift_ >= 0 ? value << *shift_ : value >> -*shift_;
  int shift = 0;
  while (value < plan_.nominal_q16 - plan_.nominal_q16 / 4) value <<= 1, ++shift;
  while (value > plan_.nominal_q16 + plan_.nominal_q16 / 2) value >>= 1, --shift;
  shift_ = shift;
  return value;
}

void PacketSizes::take_feedback(std::span<const std::byte> bytes) {
  if (bytes.size() < 3) return;
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < std::min<std::size_t>(bytes.size(), 4); ++i) {
    value |= std::to_integer<std::uint32_t>(bytes[i]) << (8 * i);
  }
  value &= bytes.size() == 3 ? 0x00FFFFFFu : 0x0FFFFFFFu;
  if (value == 0) return;
  const std::uint64_t rate = normalise(value);
  if (rate >= plan_.nominal_q16 - plan_.nominal_q16 / 8 && rate <= plan_.most_q16) {
    rate_q16_ = rate;
  } else {
    shift_.reset();
  }
}

}  // namespace usbgw::simulation
