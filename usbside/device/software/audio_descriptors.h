// UAC1 and UAC2 descriptors of a duplex device with one alternate setting a direction, as
// snd-usb-audio takes them.
#pragma once

#include "common/result.h"
#include "usbside/device/software/audio_options.h"
#include "usbside/device/software/descriptor_builder.h"
#include "usbside/device/software/function.h"

namespace usbgw::device::software {

inline constexpr EndpointAddress kAudioOut{0x01};
inline constexpr EndpointAddress kAudioIn{0x82};
inline constexpr EndpointAddress kAudioFeedback{0x81};
inline constexpr std::uint8_t kAudioOutInterface = 1;
inline constexpr std::uint8_t kAudioInInterface = 2;
inline constexpr std::uint8_t kClockSource = 9;  // UAC2 entity id

// Of the data endpoints.
[[nodiscard]] std::uint32_t packets_per_second(const AudioOptions& options);

// Refuses what does not fit the bus: rate, channels, bytes in an interval.
[[nodiscard]] Result<Description> describe_audio(const AudioOptions& options,
                                                 const Identity& identity);

}  // namespace usbgw::device::software
