// Multiplication by each element, in the forms that vector instructions take. Filled at compile
// time.
#pragma once

#include <cstdint>

namespace usbgw::fec {

// Products of the element with 0..15, then with 0x00, 0x10 .. 0xF0 (for PSHUFB).
struct alignas(32) NibbleProducts {
  std::uint8_t low[16];
  std::uint8_t high[16];
};
struct NibbleTable {
  NibbleProducts of[256];
};
extern const NibbleTable kNibbleTable;

// The element as a matrix over GF(2): bit i of the product is the parity of x AND byte 7 - i (for
// VGF2P8AFFINEQB; Intel's manual, volume 2, which fixes the polynomial for GF2P8MULB only).
struct MatrixTable {
  std::uint64_t of[256];
};
extern const MatrixTable kMatrixTable;

}  // namespace usbgw::fec
