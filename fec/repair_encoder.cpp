#include "fec/repair_encoder.h"

#include <algorithm>
#include <array>

#include "common/assertion.h"
#include "common/byte_order.h"
#include "fec/coefficients.h"

namespace usbgw::fec {

std::size_t repair_bytes(std::span<const Source> set) {
  std::size_t longest = 0;
  for (const Source& source : set) longest = std::max(longest, source.bytes.size());
  return kLengthBytes + longest;
}

std::size_t encode_repair(const Kernel& kernel, unsigned row, std::span<const Source> set,
                          std::span<std::byte> to) {
  const std::size_t size = repair_bytes(set);
  USBGW_ASSERT(!set.empty() && set.size() <= kMaxSet && row < kRows && to.size() >= size);
  USBGW_ASSERT(set.back().number.value() - set.front().number.value() < kSpan);
  std::fill_n(to.begin(), size, std::byte{});
  for (const Source& source : set) {
    const std::uint8_t factor = coefficient(row, source.number.value());
    std::array<std::byte, kLengthBytes> length;
    store_be<std::uint16_t>(length.data(), static_cast<std::uint16_t>(source.bytes.size()));
    kernel.multiply_add(to.first(kLengthBytes), length, factor);
    kernel.multiply_add(to.subspan(kLengthBytes, source.bytes.size()), source.bytes, factor);
  }
  return size;
}

}  // namespace usbgw::fec
