// Limits and sizes that several codecs of this folder share.
#pragma once

#include <cstddef>

namespace usbgw::wire {

inline constexpr std::size_t kDeviceDescriptorBytes = 18;  // USB 2.0, table 9-8

}  // namespace usbgw::wire
