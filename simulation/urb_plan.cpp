#include "simulation/urb_plan.h"

#include <algorithm>

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

// snd_usb_parse_datainterval (helper.c): full speed has one packet a frame.
std::uint32_t interval_exponent(const wire::Endpoint& endpoint, Speed speed) {
  const bool has_interval = speed >= Speed::high && endpoint.raw_interval >= 1;
  return has_interval && endpoint.raw_interval <= 4 ? endpoint.raw_interval - 1u : 0;
}

// endpoint_set_syncinterval
std::uint32_t sync_exponent(const wire::Endpoint& sync, Speed speed) {
  if (sync.refresh >= 1 && sync.refresh <= 9) return sync.refresh;
  if (speed == Speed::full) return 1;
  return sync.raw_interval >= 1 && sync.raw_interval <= 16 ? sync.raw_interval - 1u : 3;
}

std::uint32_t most_packets(const DataEndpoint& data, Speed speed, std::uint32_t exponent) {
  std::uint32_t most = speed == Speed::full ? kMaxPacks : kMaxPacksHighSpeed;
  if (data.source == SyncSource::feedback) {
    most = std::min(most, std::uint32_t{1} << sync_exponent(*data.sync, speed));
  }
  return std::max(1u, most >> exponent);
}

// Small URBs, because nobody knows where a period will end: at most 1 ms, and below a period.
void plan_small(UrbPlan& plan, std::uint32_t most, std::uint32_t per_ms, std::uint32_t period) {
  plan.packets = std::min(most, per_ms);
  while (plan.packets > 1 && plan.packets * plan.packet_bytes >= period) plan.packets >>= 1;
  plan.urbs = kMaxUrbs;
}

// A period fits as evenly as possible into as few URBs as possible; all of them together hold no
// more than the ALSA buffer.
void plan_playback(UrbPlan& plan, const PcmSettings& pcm, const DataEndpoint& data,
                   std::uint32_t most, std::uint32_t per_ms) {
  auto least_bytes = static_cast<std::uint32_t>(plan.nominal_q16 >> (16 - plan.interval_exponent)) *
                     data.frame_bytes;
  if (data.source == SyncSource::feedback) least_bytes -= least_bytes >> 3;
  least_bytes = std::max(least_bytes, 1u);
  const std::uint32_t packets_per_period =
      divide_up(pcm.period_frames * data.frame_bytes, least_bytes);
  const std::uint32_t urbs_per_period = divide_up(packets_per_period, most);
  plan.packets = divide_up(packets_per_period, urbs_per_period);
  plan.max_urb_frames = divide_up(pcm.period_frames, urbs_per_period);
  const std::uint32_t most_urbs = std::min(kMaxUrbs, kMaxQueueMs * per_ms / plan.packets);
  plan.urbs = std::min(most_urbs, urbs_per_period * pcm.periods);
}

}  // namespace

UrbPlan plan_urbs(const PcmSettings& pcm, const DataEndpoint& data, Speed speed) {
  UrbPlan plan;
  const std::uint32_t exponent = interval_exponent(data.endpoint, speed);
  const std::uint32_t most_bytes = data.endpoint.interval_bytes;
  plan.interval_exponent = exponent;
  plan.packets_per_second = (speed == Speed::full ? 1000u : 8000u) >> exponent;
  plan.nominal_q16 =
      speed == Speed::full ? ((pcm.rate << 13) + 62) / 125 : ((pcm.rate << 10) + 62) / 125;
  plan.most_q16 = plan.nominal_q16 + (plan.nominal_q16 >> 1);
  plan.packet_bytes =
      static_cast<std::uint32_t>(((plan.most_q16 << exponent) + 0xFFFF) >> 16) * data.frame_bytes;
  if (most_bytes > 0 && most_bytes < plan.packet_bytes) {
    plan.packet_bytes = most_bytes;
    plan.most_q16 = std::uint64_t{most_bytes / data.frame_bytes} << (16 - exponent);
  }
  plan.max_packet_frames = most_bytes / data.frame_bytes;

  const std::uint32_t per_ms = speed == Speed::full ? 1 : 8u >> exponent;
  const std::uint32_t most = most_packets(data, speed, exponent);
  if (data.endpoint.address.is_in() || data.source == SyncSource::implicit) {
    plan_small(plan, most, per_ms, pcm.period_frames * data.frame_bytes);
  } else {
    plan_playback(plan, pcm, data, most, per_ms);
  }
  return plan;
}

}  // namespace usbgw::simulation
