#include "crypto/hkdf.h"

#include <gtest/gtest.h>

#include "tests/hex.h"

namespace usbgw::crypto {
namespace {

using test::from_hex;

std::vector<std::byte> derive(std::string_view secret, std::string_view salt, std::string_view info,
                              std::size_t size) {
  std::vector<std::byte> output(size);
  hkdf_sha256(from_hex(secret), from_hex(salt), from_hex(info), output);
  return output;
}

// RFC 5869, appendix A.1.
TEST(Hkdf, Rfc5869BasicCaseGivesItsOutput) {
  EXPECT_EQ(derive("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c",
                   "f0f1f2f3f4f5f6f7f8f9", 42),
            from_hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
                     "34007208d5b887185865"));
}

// RFC 5869, appendix A.3: no salt, no info.
TEST(Hkdf, Rfc5869WithoutSaltAndInfoGivesItsOutput) {
  EXPECT_EQ(derive("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "", 42),
            from_hex("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
                     "9d201395faa4b61a96c8"));
}

}  // namespace
}  // namespace usbgw::crypto
