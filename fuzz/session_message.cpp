// What decodes must survive a round trip: encoding changes no value that was accepted.
#include <cstdint>
#include <cstdlib>

#include "wire/session_codec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto message = usbgw::wire::decode_session(std::as_bytes(std::span(data, size)));
  if (!message) return 0;
  const auto bytes = usbgw::wire::encode(*message);
  const auto again = usbgw::wire::decode_session(bytes);
  if (!again || usbgw::wire::encode(*again) != bytes) std::abort();
  return 0;
}
