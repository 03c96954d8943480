// A made-up device with one of every kind of endpoint, as descriptors and as a RemoteDevice.
#pragma once

#include "usbside/host/host_attachment.h"

namespace usbgw::host::test {

inline constexpr AttachmentId kAttachment{3};
inline constexpr EndpointAddress kAudioOut{0x01};  // interface 1, alternate 1; feedback 0x81
inline constexpr EndpointAddress kFeedback{0x81};
inline constexpr EndpointAddress kAudioIn{0x82};  // interface 2, alternate 1
inline constexpr EndpointAddress kHid{0x83};      // interface 3
inline constexpr EndpointAddress kBulkIn{0x84};   // interface 4
inline constexpr EndpointAddress kBulkOut{0x05};
inline constexpr EndpointAddress kMidiIn{0x86};   // interface 5
inline constexpr EndpointAddress kVideoIn{0x87};  // interface 6, alternate 1

// Audio: 16 bits, two channels, 48 kHz. Full speed: one packet a millisecond, 192 bytes; high
// speed: one a microframe, 24 bytes. wMaxPacketSize leaves room for one frame more.
[[nodiscard]] RemoteDevice make_device(Speed speed);
[[nodiscard]] Duration interval_of(Speed speed);
[[nodiscard]] std::uint32_t nominal_bytes(Speed speed);

}  // namespace usbgw::host::test
