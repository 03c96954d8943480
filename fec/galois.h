// GF(2^8) with the field polynomial x^8 + x^4 + x^3 + x^2 + 1 (0x11D, as RFC 5510, 8.1): addition
// is XOR, multiplication goes through logarithms to the base 2, which generates the field.
#pragma once

#include <array>
#include <cstdint>

namespace usbgw::fec {

inline constexpr unsigned kFieldPolynomial = 0x11D;

namespace detail {

struct GaloisTables {
  std::array<std::uint8_t, 765> power{};  // so that sums of three logs need no modulo
  std::array<std::uint8_t, 256> log{};
};

constexpr GaloisTables make_galois_tables() {
  GaloisTables tables;
  unsigned value = 1;
  for (std::size_t i = 0; i < 255; ++i) {
    tables.power[i] = tables.power[i + 255] = tables.power[i + 510] =
        static_cast<std::uint8_t>(value);
    tables.log[value] = static_cast<std::uint8_t>(i);
    value <<= 1;
    if (value > 0xFF) value ^= kFieldPolynomial;
  }
  return tables;
}

inline constexpr GaloisTables kGalois = make_galois_tables();

}  // namespace detail

[[nodiscard]] constexpr std::uint8_t multiply(std::uint8_t a, std::uint8_t b) {
  if (a == 0 || b == 0) return 0;
  return detail::kGalois
      .power[static_cast<std::size_t>(detail::kGalois.log[a]) + detail::kGalois.log[b]];
}

// a is not 0.
[[nodiscard]] constexpr std::uint8_t inverse(std::uint8_t a) {
  return detail::kGalois.power[255u - detail::kGalois.log[a]];
}

static_assert(multiply(0x80, 2) == 0x1D);
static_assert(multiply(0xB6, inverse(0xB6)) == 1);

}  // namespace usbgw::fec
