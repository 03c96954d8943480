#include "fec/galois.h"

#include <gtest/gtest.h>

#include "fec/coefficients.h"

namespace usbgw::fec {
namespace {

// Schoolbook: shift, and subtract the field polynomial.
std::uint8_t slow_multiply(unsigned a, unsigned b) {
  unsigned product = 0;
  for (unsigned bit = 0; bit < 8; ++bit)
    if ((b >> bit & 1) != 0) product ^= a << bit;
  for (unsigned bit = 15; bit >= 8; --bit)
    if ((product >> bit & 1) != 0) product ^= kFieldPolynomial << (bit - 8);
  return static_cast<std::uint8_t>(product);
}

TEST(Galois, EveryProductEqualsPolynomialMultiplication) {
  for (unsigned a = 0; a < 256; ++a)
    for (unsigned b = 0; b < 256; ++b)
      ASSERT_EQ(multiply(static_cast<std::uint8_t>(a), static_cast<std::uint8_t>(b)),
                slow_multiply(a, b));
}

TEST(Galois, EveryElementTimesItsInverseIsOne) {
  for (unsigned a = 1; a < 256; ++a) {
    const auto element = static_cast<std::uint8_t>(a);
    EXPECT_EQ(multiply(element, inverse(element)), 1);
  }
}

TEST(Coefficients, FirstRowIsOnesAndNoneIsZero) {
  for (unsigned row = 0; row < kRows; ++row)
    for (std::int64_t source = 0; source < 2 * kSpan; ++source) {
      ASSERT_NE(coefficient(row, source), 0);
      ASSERT_EQ(coefficient(row, source), coefficient(row, source + kSpan));
      ASSERT_TRUE(row != 0 || coefficient(row, source) == 1);
    }
}

// Two rows over two sources: the smallest submatrices; larger ones in RepairWindow's tests.
TEST(Coefficients, EveryTwoByTwoSubmatrixIsInvertible) {
  for (unsigned row = 1; row < kRows; ++row)
    for (std::int64_t a = 0; a < kSpan; ++a)
      for (std::int64_t b = 0; b < a; ++b) ASSERT_NE(coefficient(row, a), coefficient(row, b));
}

}  // namespace
}  // namespace usbgw::fec
