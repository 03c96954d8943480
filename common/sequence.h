// The one place with wrap arithmetic: turns counters that wrap on the wire into int64 values that
// compare with `<`. The next value must lie within half the range of the newest one seen.
#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>

namespace usbgw {

// The 64-bit value congruent to `wire` that is nearest to `reference`.
template <std::unsigned_integral U>
[[nodiscard]] constexpr std::int64_t unwrap_near(U wire, std::int64_t reference) {
  using Signed = std::make_signed_t<U>;
  const auto low = static_cast<U>(static_cast<std::uint64_t>(reference));
  return reference + static_cast<Signed>(static_cast<U>(wire - low));
}

template <std::unsigned_integral U>
class Unwrapper {
 public:
  // Peek without moving the reference: for values that are not yet authenticated.
  [[nodiscard]] std::int64_t peek(U wire) const { return unwrap_near(wire, newest_); }
  std::int64_t unwrap(U wire) {
    const std::int64_t value = peek(wire);
    if (value > newest_) newest_ = value;
    return value;
  }

 private:
  std::int64_t newest_ = 0;
};

}  // namespace usbgw
