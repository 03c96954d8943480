#include "common/result.h"

#include <cstring>

namespace usbgw {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument:
      return "invalid argument";
    case ErrorCode::not_found:
      return "not found";
    case ErrorCode::busy:
      return "busy";
    case ErrorCode::refused:
      return "refused";
    case ErrorCode::unavailable:
      return "unavailable";
    case ErrorCode::disconnected:
      return "disconnected";
    case ErrorCode::timed_out:
      return "timed out";
    case ErrorCode::protocol:
      return "protocol violation";
    case ErrorCode::exhausted:
      return "limit reached";
    case ErrorCode::io:
      return "input/output error";
  }
  return "unknown";
}

std::string with_errno(std::string_view what, int error_number) {
  return std::string(what) + ": " + std::strerror(error_number);
}

}  // namespace usbgw
