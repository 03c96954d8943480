#include "wire/internet_checksum.h"

#include "common/byte_order.h"

namespace usbgw::wire {
namespace {

std::uint64_t fold(std::uint64_t sum) {
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return sum;
}

}  // namespace

std::uint64_t checksum_add(std::uint64_t sum, std::span<const std::byte> bytes) {
  // The sum of byte-swapped words is the byte-swapped sum (RFC 1071, 2(B)): add 32-bit
  // little-endian halves, and swap once. 64 KiB of them cannot overflow 64 bits.
  std::uint64_t even = 0;
  std::uint64_t odd = 0;
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; left -= 8, at += 8) {
    even += load_le<std::uint32_t>(at);
    odd += load_le<std::uint32_t>(at + 4);
  }
  even += odd;
  for (; left >= 2; left -= 2, at += 2) even += load_le<std::uint16_t>(at);
  if (left == 1) even += std::to_integer<std::uint64_t>(*at);
  return sum + byte_swap(static_cast<std::uint16_t>(fold(even)));
}

std::uint16_t checksum_finish(std::uint64_t sum) {
  return static_cast<std::uint16_t>(~fold(sum));
}

std::uint64_t pseudo_header_sum(const IpAddress& source, const IpAddress& destination,
                                std::uint8_t protocol, std::uint32_t length) {
  std::uint64_t sum = std::uint64_t{protocol} + (length >> 16) + (length & 0xffff);
  const std::size_t skip = source.is_v4() ? 12 : 0;  // IPv4 is kept IPv4-mapped
  sum = checksum_add(sum, std::as_bytes(std::span(source.bytes())).subspan(skip));
  return checksum_add(sum, std::as_bytes(std::span(destination.bytes())).subspan(skip));
}

}  // namespace usbgw::wire
