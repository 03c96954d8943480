// What decodes must encode to the same bytes again.
#include "wire/urb_message.h"

#include <cstdint>
#include <cstdlib>

namespace {

template <class Decoded>
void check(const Decoded& decoded, std::span<const std::byte> bytes) {
  if (!decoded) return;
  const auto again = usbgw::wire::encode(*decoded);
  if (!std::equal(again.begin(), again.end(), bytes.begin(), bytes.end())) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  check(usbgw::wire::decode_urb_submit(bytes), bytes);
  check(usbgw::wire::decode_urb_reply(bytes), bytes);
  check(usbgw::wire::decode_urb_cancel(bytes), bytes);
  return 0;
}
