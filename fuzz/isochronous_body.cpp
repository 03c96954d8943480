// Source symbols of isochronous streams: what decodes must survive encoding and decoding again.
#include "wire/isochronous_body.h"

#include <algorithm>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace usbgw::wire;
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto body = IsochronousBody::decode(bytes);
  if (!body) return 0;
  // The history may become uniform, so the bytes may differ; what they say may not.
  std::vector<std::byte> again(bytes.size() + 2);
  const auto used = encode(*body, again);
  if (!used || *used > bytes.size()) __builtin_trap();
  const auto second = IsochronousBody::decode(std::span(again).first(*used));
  if (!second || second->intervals != body->intervals || second->history != body->history ||
      second->first_index != body->first_index || second->stamp != body->stamp ||
      second->fragment_offset != body->fragment_offset ||
      !std::equal(second->payload.begin(), second->payload.end(), body->payload.begin(),
                  body->payload.end()))
    __builtin_trap();
  return 0;
}
