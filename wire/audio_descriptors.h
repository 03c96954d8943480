// Class-specific descriptors of AudioStreaming alternate settings, and the endpoint roles that
// follow from them. Part of wire/descriptors.h.
#pragma once

#include <span>

#include "wire/descriptors.h"

namespace usbgw::wire {

// `bytes`: one class-specific interface descriptor (bDescriptorType 0x24), its length checked.
void read_audio_interface(std::span<const std::byte> bytes, AlternateSetting& setting);

// Marks the synch endpoint of an Audio 1.0 alternate setting that leaves its usage bits zero.
void find_synch_endpoint(AlternateSetting& setting);

}  // namespace usbgw::wire
