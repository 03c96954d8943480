// AVX2: products of the two nibbles of 32 bytes by VPSHUFB (Plank, Greenan, Miller, "Screaming Fast
// Galois Field Arithmetic Using Intel SIMD Instructions", FAST 2013).
#include "fec/kernel_tables.h"
#include "fec/kernel_variants.h"
#include "fec/vector_256.h"

namespace usbgw::fec {
namespace {

struct Avx2 : Vector256 {
  struct Source {
    Register whole, low, high;
  };
  struct Factor {
    Register low, high;
  };

  static constexpr unsigned sources_at_once(unsigned) { return 1; }
  static constexpr unsigned unroll(unsigned targets) { return targets <= 4 ? 2 : 1; }

  static USBGW_INLINE Source source(Register value) {
    const Register nibble = _mm256_set1_epi8(0x0F);
    return {value, _mm256_and_si256(value, nibble),
            _mm256_and_si256(_mm256_srli_epi16(value, 4), nibble)};
  }
  static USBGW_INLINE Factor factor(std::uint8_t element) {
    const NibbleProducts& products = kNibbleTable.of[element];
    return {
        _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(products.low))),
        _mm256_broadcastsi128_si256(
            _mm_load_si128(reinterpret_cast<const __m128i*>(products.high)))};
  }

  template <unsigned kSources, unsigned kVectors>
  static USBGW_INLINE void add(Register& sum, const Source (&value)[kSources][kVectors],
                               unsigned v) {
    sum = exclusive_or(sum, value[0][v].whole);
  }
  template <unsigned kSources, unsigned kVectors>
  static USBGW_INLINE void add_products(Register& sum, const Factor (&factor)[kSources],
                                        const Source (&value)[kSources][kVectors], unsigned v) {
    const Register product = exclusive_or(_mm256_shuffle_epi8(factor[0].low, value[0][v].low),
                                          _mm256_shuffle_epi8(factor[0].high, value[0][v].high));
    sum = exclusive_or(sum, product);
  }
};

}  // namespace

void combine_avx2(const Combination& task) {
  combine_vectors<Avx2>(task);
}

}  // namespace usbgw::fec
