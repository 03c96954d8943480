#include "wire/wire_error.h"

namespace usbgw::wire {

std::string_view to_string(WireError error) {
  switch (error) {
    case WireError::truncated:
      return "truncated";
    case WireError::malformed:
      return "malformed";
    case WireError::unknown_type:
      return "unknown type";
    case WireError::too_large:
      return "too large";
    case WireError::trailing_bytes:
      return "trailing bytes";
  }
  return "unknown";
}

}  // namespace usbgw::wire
