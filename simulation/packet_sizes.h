// How many frames the next packet of a playback endpoint has, when no implicit feedback says it.
// Rules: sound/usb/endpoint.c (synced_next_packet_size, next_packet_size, snd_usb_handle_sync_urb)
// of Linux 6.1.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>

#include "simulation/urb_plan.h"

namespace usbgw::simulation {

inline constexpr std::uint32_t kNoLimit = std::numeric_limits<std::uint32_t>::max();

class PacketSizes {
 public:
  PacketSizes(const UrbPlan& plan, SyncSource source, std::uint32_t rate);

  // At each start of the stream; what feedback said stays.
  void restart();
  // Frames. Nothing if the packet would take all of `available` or more: at least one frame stays.
  [[nodiscard]] std::optional<std::uint32_t> next(std::uint32_t available);
  // The bytes of one feedback packet.
  void take_feedback(std::span<const std::byte> value);

 private:
  [[nodiscard]] std::uint64_t normalise(std::uint64_t value);

  UrbPlan plan_;
  bool is_synced_;
  std::uint64_t rate_q16_;  // frames a (micro)frame, after the newest feedback
  std::uint64_t phase_q16_ = 0;
  std::optional<int> shift_;  // what makes the device's format 16.16
  std::uint32_t small_, large_, remainder_;
  std::uint32_t accumulated_ = 0;
};

}  // namespace usbgw::simulation
