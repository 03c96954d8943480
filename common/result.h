// Errors as values. Wire and FEC code return small enums of their own; setup code returns Error,
// whose context names the file, key, device or peer and says what to do.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace usbgw {

enum class ErrorCode : std::uint8_t {
  invalid_argument,
  not_found,
  busy,
  refused,      // policy or authentication says no
  unavailable,  // a module, a right, hugepages, a device is missing on this machine
  disconnected,
  timed_out,
  protocol,   // a peer sent what it must not
  exhausted,  // a fixed limit of ours was reached
  io,
};

[[nodiscard]] std::string_view to_string(ErrorCode code);

struct Error {
  ErrorCode code{};
  std::string context;
};

template <class T, class E = Error>
using Result = tl::expected<T, E>;

[[nodiscard]] inline tl::unexpected<Error> fail(ErrorCode code, std::string context) {
  return tl::unexpected<Error>(Error{code, std::move(context)});
}

// "what: strerror(error_number)".
[[nodiscard]] std::string with_errno(std::string_view what, int error_number);

}  // namespace usbgw
