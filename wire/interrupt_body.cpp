#include "wire/interrupt_body.h"

#include "common/byte_reader.h"

namespace usbgw::wire {

WireResult<InterruptBody> InterruptBody::decode(std::span<const std::byte> bytes) {
  const auto reader = HeaderReader<kInterruptFixed>::over(bytes);
  if (!reader) return tl::unexpected(WireError::truncated);
  const auto status = static_cast<std::int32_t>(reader->load<std::uint32_t, 0>());
  return InterruptBody{static_cast<UrbStatus>(status), reader->rest()};
}

WireResult<std::size_t> encode(const InterruptBody& body, std::span<std::byte> to) {
  ByteWriter writer(to);
  writer.write<std::uint32_t>(static_cast<std::uint32_t>(body.status));
  writer.append(body.payload);
  if (!writer.ok()) return tl::unexpected(WireError::too_large);
  return writer.used();
}

}  // namespace usbgw::wire
