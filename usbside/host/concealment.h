// What takes the place of a missing interval's samples.
#pragma once

#include <cstddef>
#include <span>

#include "wire/descriptors.h"

namespace usbgw::host {

// `to` becomes `from` repeated, with the gain falling linearly from `gain_begin` to `gain_end`
// (0..1). Signed little-endian samples of subslot_bytes; 8-bit ones keep their silence level. An
// empty `from` gives silence.
void conceal_pcm(const wire::AudioFormat& format, std::span<const std::byte> from,
                 double gain_begin, double gain_end, std::span<std::byte> to);

}  // namespace usbgw::host
