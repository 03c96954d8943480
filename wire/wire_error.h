// Why bytes were refused. Small and trivially copyable: decoding runs per packet.
#pragma once

#include <cstdint>
#include <string_view>

#include "common/result.h"

namespace usbgw::wire {

enum class WireError : std::uint8_t {
  truncated,      // shorter than the layout needs
  malformed,      // a field has a value that the layout forbids, or sums disagree
  unknown_type,   // a type or version that this build does not know
  too_large,      // above a limit of wire/limits.h, or does not fit the output
  trailing_bytes  // longer than the layout says
};

[[nodiscard]] std::string_view to_string(WireError error);

template <class T>
using WireResult = Result<T, WireError>;

}  // namespace usbgw::wire
