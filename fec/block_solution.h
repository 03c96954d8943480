// The closed form that recovers a block: each missing source as a linear combination of the sources
// that came and of as many repair symbols as are missing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "fec/repair_encoder.h"

namespace usbgw::fec {

// Whether row 0, when it is the first row used, gives the first missing source as a plain sum once
// the others are known, which saves a product for each input. With more targets than a kernel fuses
// it is not worth it.
[[nodiscard]] constexpr bool uses_plain_row(unsigned first_row, std::size_t missing) {
  return first_row == 0 && missing <= kFusedTargets;
}

// How a block stands. A column is a source number modulo kSpan. No list has anything twice, and a
// column is in one list only.
struct BlockLoss {
  std::span<const std::uint8_t> present;
  std::span<const std::uint8_t> missing;
  std::span<const std::uint8_t> rows;  // as many as are missing, ascending
};

// coefficients[input * missing.size() + i] for missing source i; the inputs are those present, then
// the symbols. With uses_plain_row() those of missing source 0 are not
// written.
using BlockSolution = std::array<std::uint8_t, kMaxSet * kMaxSet>;
void solve_block(const BlockLoss& loss, BlockSolution& coefficients);

}  // namespace usbgw::fec
