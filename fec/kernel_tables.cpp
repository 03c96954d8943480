#include "fec/kernel_tables.h"

#include "fec/galois.h"

namespace usbgw::fec {
namespace {

constexpr NibbleProducts nibble_products(std::uint8_t factor) {
  NibbleProducts products{};
  for (unsigned i = 0; i < 16; ++i) {
    products.low[i] = multiply(static_cast<std::uint8_t>(i), factor);
    products.high[i] = multiply(static_cast<std::uint8_t>(i << 4), factor);
  }
  return products;
}

constexpr std::uint64_t product_matrix(std::uint8_t factor) {
  std::uint64_t matrix = 0;
  for (unsigned column = 0; column < 8; ++column) {
    const std::uint64_t image = multiply(static_cast<std::uint8_t>(1u << column), factor);
    for (unsigned bit = 0; bit < 8; ++bit) matrix |= (image >> bit & 1) << (8 * (7 - bit) + column);
  }
  return matrix;
}

constexpr NibbleTable nibble_table() {
  NibbleTable table{};
  for (unsigned i = 0; i < 256; ++i) table.of[i] = nibble_products(static_cast<std::uint8_t>(i));
  return table;
}

constexpr MatrixTable matrix_table() {
  MatrixTable table{};
  for (unsigned i = 0; i < 256; ++i) table.of[i] = product_matrix(static_cast<std::uint8_t>(i));
  return table;
}

}  // namespace

constinit const NibbleTable kNibbleTable = nibble_table();
constinit const MatrixTable kMatrixTable = matrix_table();

}  // namespace usbgw::fec
