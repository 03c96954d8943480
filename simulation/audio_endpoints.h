// Which alternate setting of a device snd-usb-audio plays to or records from, and where its packet
// lengths come from. Rules: sound/usb/pcm.c (snd_usb_audioformat_set_sync_ep) and implicit.c
// (audioformat_implicit_fb_quirk, without the tables of single devices) of Linux 6.1.
#pragma once

#include <optional>

#include "simulation/urb_plan.h"

namespace usbgw::simulation {

struct AudioEndpoints {
  std::uint8_t interface = 0;
  std::uint8_t alternate = 0;
  DataEndpoint data;
};

// The first that carries linear PCM in `direction`.
[[nodiscard]] std::optional<AudioEndpoints> find_audio(const wire::Configuration& configuration,
                                                       Direction direction);
// The capture endpoint that playback with implicit feedback follows.
[[nodiscard]] std::optional<AudioEndpoints> find_implicit_source(
    const wire::Configuration& configuration, const AudioEndpoints& playback);

}  // namespace usbgw::simulation
