#include "wire/udp.h"

#include "common/byte_reader.h"
#include "wire/internet_checksum.h"
#include "wire/ip.h"

namespace usbgw::wire {
namespace {

std::uint64_t sum_with_pseudo_header(const IpAddress& source, const IpAddress& destination,
                                     std::span<const std::byte> packet) {
  const auto length = static_cast<std::uint32_t>(packet.size());
  return checksum_add(pseudo_header_sum(source, destination, kProtocolUdp, length), packet);
}

}  // namespace

WireResult<UdpPacket> decode_udp(std::span<const std::byte> packet) {
  const auto reader = HeaderReader<kUdpHeaderBytes>::over(packet);
  if (!reader) return tl::unexpected(WireError::truncated);
  const std::size_t length = reader->load<std::uint16_t, 4>();
  if (length < kUdpHeaderBytes) return tl::unexpected(WireError::malformed);
  if (length > packet.size()) return tl::unexpected(WireError::truncated);
  UdpPacket decoded;
  decoded.header.source_port = reader->load<std::uint16_t, 0>();
  decoded.header.destination_port = reader->load<std::uint16_t, 2>();
  decoded.header.checksum = reader->load<std::uint16_t, kUdpChecksumOffset>();
  decoded.payload = packet.subspan(kUdpHeaderBytes, length - kUdpHeaderBytes);
  return decoded;
}

std::size_t encode_udp(const UdpHeader& header, std::size_t payload_bytes,
                       std::span<std::byte> out) {
  auto writer = HeaderWriter<kUdpHeaderBytes>::over(out);
  const std::size_t length = kUdpHeaderBytes + payload_bytes;
  if (!writer || length > 0xffff) return 0;
  writer->store<std::uint16_t, 0>(header.source_port);
  writer->store<std::uint16_t, 2>(header.destination_port);
  writer->store<std::uint16_t, 4>(static_cast<std::uint16_t>(length));
  writer->store<std::uint16_t, kUdpChecksumOffset>(0);
  return kUdpHeaderBytes;
}

std::uint16_t udp_checksum(const IpAddress& source, const IpAddress& destination,
                           std::span<const std::byte> packet) {
  const auto sum = checksum_finish(sum_with_pseudo_header(source, destination, packet));
  return sum == 0 ? std::uint16_t{0xffff} : sum;
}

bool udp_checksum_ok(const IpAddress& source, const IpAddress& destination,
                     std::span<const std::byte> packet) {
  if (packet.size() < kUdpHeaderBytes) return false;
  if (load_be<std::uint16_t>(packet.data() + kUdpChecksumOffset) == 0) return source.is_v4();
  return checksum_finish(sum_with_pseudo_header(source, destination, packet)) == 0;
}

}  // namespace usbgw::wire
