// What snd-usb-audio decides for one data endpoint before a stream starts: how many URBs of how
// many packets it will keep in flight. Rules: sound/usb/endpoint.c (snd_usb_endpoint_set_params,
// data_ep_set_params) of Linux 6.1, constants of card.h.
#pragma once

#include <cstdint>
#include <optional>

#include "common/usb.h"
#include "simulation/pcm_settings.h"
#include "wire/descriptors.h"

namespace usbgw::simulation {

// Where an endpoint learns how many frames a packet has.
enum class SyncSource : std::uint8_t {
  none,      // the nominal rate: capture, adaptive and synchronous playback
  feedback,  // an endpoint of its own says it
  implicit,  // as many as the capture endpoint delivered
};

struct DataEndpoint {
  wire::Endpoint endpoint;
  std::uint32_t frame_bytes = 0;
  SyncSource source = SyncSource::none;
  std::optional<wire::Endpoint> sync;  // of `feedback`
};

struct UrbPlan {
  std::uint32_t urbs = 0;
  std::uint32_t packets = 0;            // most packets in one URB
  std::uint32_t packet_bytes = 0;       // most bytes in one packet
  std::uint32_t max_packet_frames = 0;  // most frames that the endpoint takes in one packet
  std::uint32_t max_urb_frames = 0;     // playback without implicit feedback: frames in one URB
  std::uint32_t packets_per_second = 0;
  std::uint32_t interval_exponent = 0;  // packets are 2^this (micro)frames apart
  std::uint64_t nominal_q16 = 0;        // frames a (micro)frame, 16.16
  std::uint64_t most_q16 = 0;           // the most that feedback may ask for
};

[[nodiscard]] UrbPlan plan_urbs(const PcmSettings& pcm, const DataEndpoint& data, Speed speed);

}  // namespace usbgw::simulation
