#include "wire/datagram.h"

#include "common/byte_reader.h"

namespace usbgw::wire {

WireResult<DatagramHeader> DatagramHeader::decode(std::span<const std::byte> datagram) {
  const auto reader = HeaderReader<kDatagramHeader>::over(datagram);
  if (!reader || datagram.size() < kDatagramOverhead) return tl::unexpected(WireError::truncated);
  if (reader->load<std::uint32_t, 0>() != kDatagramMagic)
    return tl::unexpected(WireError::unknown_type);
  return DatagramHeader{reader->load<std::uint32_t, 4>(), reader->load<std::uint64_t, 8>()};
}

void encode(const DatagramHeader& header, std::span<std::byte, kDatagramHeader> to) {
  store_be<std::uint32_t>(to.data(), kDatagramMagic);
  store_be<std::uint32_t>(to.data() + 4, header.session);
  store_be<std::uint64_t>(to.data() + 8, header.packet);
}

}  // namespace usbgw::wire
