#include "crypto/aead.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/hex.h"

namespace usbgw::crypto {
namespace {

using test::from_hex;
using Bytes = std::vector<std::byte>;

template <std::size_t N>
std::array<std::byte, N> array_of(std::string_view hex) {
  const auto bytes = from_hex(hex);
  std::array<std::byte, N> array{};
  std::copy_n(bytes.begin(), N, array.begin());
  return array;
}

Bytes seal(Sealer& sealer, std::uint64_t number, const Bytes& associated,
           std::initializer_list<Bytes> pieces) {
  std::vector<std::span<const std::byte>> spans(pieces.begin(), pieces.end());
  std::size_t size = kAeadTagBytes;
  for (const auto& piece : pieces) size += piece.size();
  Bytes sealed(size);
  sealer.seal(number, associated, spans, sealed);
  return sealed;
}

// McGrew & Viega, "The Galois/Counter Mode of Operation", appendix B; NIST's validation set has
// the same. The nonce there is the whole iv: packet number 0.
constexpr std::string_view kKey4 = "feffe9928665731c6d6a8f9467308308";
constexpr std::string_view kIv4 = "cafebabefacedbaddecaf888";
constexpr std::string_view kAssociated4 = "feedfacedeadbeeffeedfacedeadbeefabaddad2";
constexpr std::string_view kPlain4 =
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39";
constexpr std::string_view kSealed4 =
    "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
    "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091"
    "5bc94fbc3221a5db94fae95ae7121a47";

struct Pair {
  Sealer sealer{array_of<16>(kKey4), array_of<12>(kIv4)};
  Opener opener{array_of<16>(kKey4), array_of<12>(kIv4)};
};

TEST(Aead, GcmSpecificationCase1SealsNothingToItsTag) {
  Sealer sealer(AeadKey{}, AeadIv{});
  EXPECT_EQ(seal(sealer, 0, {}, {}), from_hex("58e2fccefa7e3061367f1d57a4e7455a"));
}

TEST(Aead, GcmSpecificationCase2SealsOneBlock) {
  Sealer sealer(AeadKey{}, AeadIv{});
  EXPECT_EQ(seal(sealer, 0, {}, {Bytes(16)}),
            from_hex("0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf"));
}

TEST(Aead, GcmSpecificationCase4SealsAndOpens) {
  Pair pair;
  const auto sealed = seal(pair.sealer, 0, from_hex(kAssociated4), {from_hex(kPlain4)});
  EXPECT_EQ(sealed, from_hex(kSealed4));
  Bytes plain(60);
  ASSERT_TRUE(pair.opener.open(0, from_hex(kAssociated4), sealed, plain));
  EXPECT_EQ(plain, from_hex(kPlain4));
}

TEST(Aead, PiecesSealToTheSameBytesAsTheWhole) {
  Pair pair;
  const auto plain = from_hex(kPlain4);
  for (std::size_t cut = 0; cut <= plain.size(); ++cut) {
    const auto middle = plain.begin() + static_cast<std::ptrdiff_t>(cut);
    EXPECT_EQ(seal(pair.sealer, 0, from_hex(kAssociated4),
                   {Bytes(plain.begin(), middle), Bytes{}, Bytes(middle, plain.end())}),
              from_hex(kSealed4))
        << cut;
  }
}

// Long pieces are sealed from where they are, the short ones between them together.
TEST(Aead, LongAndShortPiecesSealToTheSameBytesAsTheWhole) {
  Pair pair;
  Bytes plain(8000);
  for (std::size_t i = 0; i < plain.size(); ++i) plain[i] = static_cast<std::byte>(i * 7);
  const auto whole = seal(pair.sealer, 1, from_hex("0011"), {plain});
  for (const std::vector<std::size_t>& sizes : {std::vector<std::size_t>{511, 512, 513, 6464},
                                                {4000, 4000},
                                                {11, 700, 3, 5, 7281},
                                                {7777, 200, 23}}) {
    std::vector<std::span<const std::byte>> pieces;
    std::size_t at = 0;
    for (const std::size_t size : sizes) {
      pieces.push_back(std::span(plain).subspan(at, size));
      at += size;
    }
    ASSERT_EQ(at, plain.size());
    Bytes sealed(plain.size() + kAeadTagBytes);
    pair.sealer.seal(1, from_hex("0011"), pieces, sealed);
    EXPECT_EQ(sealed, whole);
  }
}

// The nonce of packet p under iv is the nonce of packet 0 under iv XOR p.
TEST(Aead, PacketNumberEntersTheNonceRightAligned) {
  Sealer numbered(array_of<16>(kKey4), array_of<12>(kIv4));
  Sealer shifted(array_of<16>(kKey4), array_of<12>("cafebabefacedbacdecaf88a"));
  EXPECT_EQ(seal(numbered, 0x1'0000'0002, {}, {Bytes(5)}), seal(shifted, 0, {}, {Bytes(5)}));
}

TEST(Aead, ContextInUseSealsAsAFreshOne) {
  Pair used;
  for (std::uint64_t number = 0; number < 40; ++number) {
    const Bytes plain(number, std::byte{0x5a});
    Pair fresh;
    const auto sealed = seal(used.sealer, number, from_hex("00112233"), {plain});
    EXPECT_EQ(sealed, seal(fresh.sealer, number, from_hex("00112233"), {plain})) << number;
    Bytes opened(plain.size());
    ASSERT_TRUE(used.opener.open(number, from_hex("00112233"), sealed, opened)) << number;
    EXPECT_EQ(opened, plain);
  }
}

TEST(Aead, AnyFlippedBitIsRefusedAndThePlaintextWiped) {
  Pair pair;
  const auto associated = from_hex("00112233");
  const auto sealed = seal(pair.sealer, 7, associated, {Bytes(20, std::byte{0x77})});
  for (std::size_t i = 0; i < sealed.size() * 8; ++i) {
    auto forged = sealed;
    forged[i / 8] ^= static_cast<std::byte>(1u << i % 8);
    Bytes plain(20, std::byte{1});
    EXPECT_FALSE(pair.opener.open(7, associated, forged, plain));
    EXPECT_EQ(plain, Bytes(20)) << i;
  }
}

TEST(Aead, WrongNumberAssociatedDataOrLengthIsRefusedAndTheContextGoesOn) {
  Pair pair;
  const auto associated = from_hex("00112233");
  const auto sealed = seal(pair.sealer, 7, associated, {Bytes(20)});
  Bytes plain(20);
  EXPECT_FALSE(pair.opener.open(8, associated, sealed, plain));
  EXPECT_FALSE(pair.opener.open(7, from_hex("00112234"), sealed, plain));
  for (std::size_t n = 0; n < sealed.size(); ++n)
    EXPECT_FALSE(pair.opener.open(7, associated, std::span(sealed).first(n), plain)) << n;
  EXPECT_TRUE(pair.opener.open(7, associated, sealed, plain));
}

}  // namespace
}  // namespace usbgw::crypto
