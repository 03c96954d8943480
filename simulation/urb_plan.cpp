#include <algorithm>

#include "simulation/audio_driver_model.h"

namespace usbgw::simulation {
namespace {

// sound/usb/card.h
constexpr std::uint32_t kMaxUrbs = 12;
constexpr std::uint32_t kMaxPacks = 6;
constexpr std::uint32_t kMaxPacksHighSpeed = 48;
constexpr std::uint32_t kMaxQueueMs = 18;

constexpr std::uint32_t divide_up(std::uint32_t a, std::uint32_t b) {
  return (a + b - 1) / b;
}

}  // namespace

UrbPlan plan_urbs(const PcmSettings& pcm, const wire::Endpoint& data,
                  const wire::Endpoint* feedback, std::uint32_t frame_bytes, Speed speed) {
  const bool is_full = speed == Speed::full || speed == Speed::low;
  const std::uint32_t interval_exponent =
      data.raw_interval > 0 ? data.raw_interval - 1u : 0;  // datainterval
  // Frames per (micro)frame in 16.16: freqn.
  const std::uint32_t freqn =
      is_full ? ((pcm.rate << 13) + 62) / 125 : ((pcm.rate << 10) + 62) / 125;
  const std::uint64_t freqmax = freqn + (freqn >> 1);
  std::uint32_t max_size =
      static_cast<std::uint32_t>(((freqmax << interval_exponent) + 0xFFFF) >> 16) * frame_bytes;
  if (data.interval_bytes > 0) max_size = std::min(max_size, data.interval_bytes);
  const std::uint32_t packs_per_ms = is_full ? 1 : 8u >> interval_exponent;
  std::uint32_t max_packs = is_full ? kMaxPacks : kMaxPacksHighSpeed;
  if (feedback != nullptr) {
    const std::uint32_t sync_exponent =
        feedback->refresh >= 1 && feedback->refresh <= 9
            ? feedback->refresh
            : (feedback->raw_interval > 0 ? feedback->raw_interval - 1u : 0);
    max_packs = std::min(max_packs, std::uint32_t{1} << sync_exponent);
  }
  max_packs = std::max(1u, max_packs >> interval_exponent);

  UrbPlan plan;
  plan.packet_bytes = max_size;
  const std::uint32_t period_bytes = pcm.period_frames * frame_bytes;
  if (data.address.is_in()) {
    plan.packets = std::min(max_packs, packs_per_ms);
    while (plan.packets > 1 && plan.packets * max_size >= period_bytes) plan.packets >>= 1;
    plan.urbs = kMaxUrbs;
    return plan;
  }
  std::uint32_t min_size = (freqn >> (16 - interval_exponent)) * frame_bytes;
  if (feedback != nullptr) min_size -= min_size >> 3;
  min_size = std::max(min_size, 1u);
  const std::uint32_t packs_per_period = divide_up(period_bytes, min_size);
  const std::uint32_t urbs_per_period = divide_up(packs_per_period, max_packs);
  plan.packets = divide_up(packs_per_period, urbs_per_period);
  plan.max_urb_frames = divide_up(pcm.period_frames, urbs_per_period);
  const std::uint32_t max_urbs = std::min(kMaxUrbs, kMaxQueueMs * packs_per_ms / plan.packets);
  plan.urbs = std::min(max_urbs, urbs_per_period * pcm.periods);
  return plan;
}

}  // namespace usbgw::simulation
