// With y(s) and x(r) of coefficients.h, the symbols are values at x(r) of the rational function
//
//   F(z) = sum over sources s of c(s) / (z + y(s)),   c(s) = (x(0) + y(s)) * source(s)
//
// Let E be the missing sources, R as many rows, g(z) = product over E of (z + y), h(z) = product
// over R of (z + x). F g / h has simple poles at the present sources and at R alone, and vanishes
// at infinity, so it is the sum of its partial fractions. At y(i), i in E, it is c(i) g'(y(i)) /
// h(y(i)):
//
//   c(i) g'(y(i)) / h(y(i)) = sum over present s of c(s) g(y(s)) / h(y(s)) / (y(i) + y(s))
//                           + sum over r in R of symbol(r) g(x(r)) / h'(x(r)) / (y(i) + x(r))
//
// So the coefficient of input j for source i is weight(i) * weight(j) / (y(i) + z(j)): one product
// for each of the k + m points and a few look-ups for each coefficient; nothing is eliminated.
// (Cauchy's determinant in the form of Lagrange interpolation.)
#include "fec/block_solution.h"

#include "fec/coefficients.h"
#include "fec/galois.h"

namespace usbgw::fec {
namespace {

constexpr unsigned kPeriod = 255;
constexpr unsigned kFirstRow = 0x80;  // x(0)

unsigned logarithm(unsigned element) {
  return detail::kGalois.log[element];
}

// The logarithm of the product over the points, but the one itself, of (at + point).
unsigned log_product(unsigned at, std::span<const std::uint8_t> points, unsigned offset) {
  unsigned sum = 0;
  for (const std::uint8_t point : points) sum += logarithm(at ^ (point | offset));  // log of 0 is 0
  return sum;
}

// The logarithm, below kPeriod, of a / b by theirs; b's is a sum of at most kMaxSet + 1.
unsigned log_quotient(unsigned a, unsigned b) {
  return (a + kPeriod * static_cast<unsigned>(kMaxSet + 1) - b) % kPeriod;
}

}  // namespace

void solve_block(const BlockLoss& loss, BlockSolution& coefficients) {
  const std::size_t count = loss.missing.size();
  const std::size_t first = uses_plain_row(loss.rows.front(), count) ? 1 : 0;
  std::array<unsigned, kMaxSet> weight;
  for (std::size_t i = first; i < count; ++i) {
    const unsigned y = loss.missing[i];
    weight[i] = log_quotient(log_product(y, loss.rows, kFirstRow),
                             log_product(y, loss.missing, 0) + logarithm(kFirstRow ^ y));
  }
  std::uint8_t* to = coefficients.data();
  const auto write = [&](unsigned point, unsigned input_weight) {
    for (std::size_t i = first; i < count; ++i)
      to[i] = detail::kGalois
                  .power[weight[i] + input_weight + kPeriod - logarithm(loss.missing[i] ^ point)];
    to += count;
  };
  for (const std::uint8_t y : loss.present)
    write(y, log_quotient(log_product(y, loss.missing, 0) + logarithm(kFirstRow ^ y),
                          log_product(y, loss.rows, kFirstRow)));
  for (const std::uint8_t row : loss.rows) {
    const unsigned x = kFirstRow | row;
    write(x, log_quotient(log_product(x, loss.missing, 0), log_product(x, loss.rows, kFirstRow)));
  }
}

}  // namespace usbgw::fec
