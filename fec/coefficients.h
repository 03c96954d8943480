// Which coefficient a source has in a repair symbol. It depends on the row and the source's number
// alone, so symbols over different sets of one stream combine:
//
//   x(row) = 128 + row, y(source) = source mod 128, both as elements of GF(2^8)
//   coefficient = (x(0) + y) / (x(row) + y)
//
// A Cauchy matrix 1 / (x + y) whose columns are scaled by x(0) + y, so that row 0 is all ones: the
// symbol of one source in row 0 is a copy, and m = 1 is XOR. Scaling a column by a non-zero element
// keeps every square submatrix invertible: any e rows over one set repair any e losses in it. The
// numbers of one set lie within 128, so that no two share a column.
#pragma once

#include <cstdint>

#include "fec/galois.h"

namespace usbgw::fec {

inline constexpr std::int64_t kSpan = 128;
inline constexpr unsigned kRows = 128;

// row is below kRows; source is not negative.
[[nodiscard]] constexpr std::uint8_t coefficient(unsigned row, std::int64_t source) {
  const auto y = static_cast<unsigned>(source & (kSpan - 1));
  const auto at_first = static_cast<std::uint8_t>(0x80u ^ y);
  const auto at_row = static_cast<std::uint8_t>((0x80u | row) ^ y);
  return multiply(at_first, inverse(at_row));
}

static_assert(coefficient(0, 77) == 1);

}  // namespace usbgw::fec
