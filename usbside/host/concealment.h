// What takes the place of a missing interval's samples.
#pragma once

#include <cstddef>
#include <span>

#include "wire/descriptors.h"

namespace usbgw::host {

// `to` becomes `from` repeated, with the gain falling linearly from `gain_begin` to `gain_end`
// (0..1). Little-endian samples of subslot_bytes: signed, offset binary (8 bit) or IEEE 754.
// Silence where `from` is empty or the samples have another width.
void conceal_pcm(const wire::AudioFormat& format, std::span<const std::byte> from,
                 double gain_begin, double gain_end, std::span<std::byte> to);

}  // namespace usbgw::host
