#include "crypto/digest.h"

#include <gtest/gtest.h>

#include <string_view>

#include "tests/hex.h"

namespace usbgw::crypto {
namespace {

// FIPS 180-4 example: SHA-256 of "abc".
TEST(Sha256, MatchesTheStandardsExampleInPieces) {
  const auto expected =
      test::from_hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  constexpr std::string_view text = "abc";
  Sha256Hasher hasher;
  hasher.add(std::as_bytes(std::span(text.data(), 1)));
  hasher.add(std::as_bytes(std::span(text.data() + 1, 2)));
  const Sha256 digest = hasher.finish();
  EXPECT_TRUE(std::equal(digest.begin(), digest.end(), expected.begin(), expected.end()));
}

}  // namespace
}  // namespace usbgw::crypto
