// AVX-512BW without GFNI: products of the two nibbles of 64 bytes by VPSHUFB (Plank, Greenan,
// Miller, "Screaming Fast Galois Field Arithmetic Using Intel SIMD Instructions", FAST 2013).
#include "fec/kernel_tables.h"
#include "fec/kernel_variants.h"
#include "fec/vector_512.h"

namespace usbgw::fec {
namespace {

struct Avx512 : Vector512 {
  struct Source {
    Register whole, low, high;
  };
  struct Factor {
    Register low, high;
  };

  static constexpr unsigned sources_at_once(unsigned) { return 1; }
  static constexpr unsigned unroll(unsigned targets) { return targets <= 4 ? 4 : 2; }

  static USBGW_INLINE Source source(Register value) {
    const Register nibble = _mm512_set1_epi8(0x0F);
    return {value, _mm512_and_si512(value, nibble),
            _mm512_and_si512(_mm512_srli_epi16(value, 4), nibble)};
  }
  static USBGW_INLINE Factor factor(std::uint8_t element) {
    const NibbleProducts& products = kNibbleTable.of[element];
    return {
        _mm512_broadcast_i32x4(_mm_load_si128(reinterpret_cast<const __m128i*>(products.low))),
        _mm512_broadcast_i32x4(_mm_load_si128(reinterpret_cast<const __m128i*>(products.high)))};
  }

  template <unsigned kSources, unsigned kVectors>
  static USBGW_INLINE void add(Register& sum, const Source (&value)[kSources][kVectors],
                               unsigned v) {
    sum = exclusive_or(sum, value[0][v].whole);
  }
  template <unsigned kSources, unsigned kVectors>
  static USBGW_INLINE void add_products(Register& sum, const Factor (&factor)[kSources],
                                        const Source (&value)[kSources][kVectors], unsigned v) {
    sum = exclusive_or(sum, _mm512_shuffle_epi8(factor[0].low, value[0][v].low),
                       _mm512_shuffle_epi8(factor[0].high, value[0][v].high));
  }
};

}  // namespace

void combine_avx512(const Combination& task) {
  combine_vectors<Avx512>(task);
}

}  // namespace usbgw::fec
