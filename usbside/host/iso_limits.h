// Limits that isochronous streams of both directions keep.
#pragma once

#include "common/timeline.h"

namespace usbgw::host {

// No isochronous URB waits longer than this beyond its nominal time: after about 100 ms the audio
// stack reports EIO and programs stop for good (docs/architecture.md).
inline constexpr Duration kLongestWait = std::chrono::milliseconds(50);

}  // namespace usbgw::host
