// Loads and stores with the byte order in the name; no alignment needed.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <type_traits>

namespace usbgw {

template <std::unsigned_integral U>
[[nodiscard]] constexpr U byte_swap(U value) {
  if constexpr (sizeof(U) == 1)
    return value;
  else if constexpr (sizeof(U) == 2)
    return __builtin_bswap16(value);
  else if constexpr (sizeof(U) == 4)
    return __builtin_bswap32(value);
  else
    return __builtin_bswap64(value);
}

static_assert(std::endian::native == std::endian::little, "usbgw runs on little-endian machines");

template <std::unsigned_integral U>
[[nodiscard]] inline U load_le(const std::byte* from) {
  U raw;
  std::memcpy(&raw, from, sizeof raw);
  return raw;
}

template <std::unsigned_integral U>
[[nodiscard]] inline U load_be(const std::byte* from) {
  return byte_swap(load_le<U>(from));
}

template <std::unsigned_integral U>
inline void store_le(std::byte* to, std::type_identity_t<U> value) {
  std::memcpy(to, &value, sizeof value);
}

template <std::unsigned_integral U>
inline void store_be(std::byte* to, std::type_identity_t<U> value) {
  store_le<U>(to, byte_swap<U>(value));
}

}  // namespace usbgw
