// AVX-512 with GFNI: an affine transformation multiplies 64 bytes by one element, and VPTERNLOGQ
// adds the products of two sources at once.
#include "fec/kernel_tables.h"
#include "fec/kernel_variants.h"
#include "fec/vector_512.h"

namespace usbgw::fec {
namespace {

struct Avx512Gfni : Vector512 {
  using Source = Register;
  using Factor = Register;

  // Two, so that one VPTERNLOGQ adds both; a single target is quicker without (measured).
  static constexpr unsigned sources_at_once(unsigned targets) { return targets == 1 ? 1 : 2; }
  // Sums, two sources for each column of them, and two factors share 32 registers.
  static constexpr unsigned unroll(unsigned targets) { return targets <= 4 ? 4 : 2; }

  static USBGW_INLINE Source source(Register value) { return value; }
  static USBGW_INLINE Factor factor(std::uint8_t element) {
    return _mm512_set1_epi64(static_cast<long long>(kMatrixTable.of[element]));
  }
  static USBGW_INLINE Register product(Source value, Factor factor) {
    return _mm512_gf2p8affine_epi64_epi8(value, factor, 0);
  }

  template <unsigned kSources, unsigned kVectors>
  static USBGW_INLINE void add(Register& sum, const Source (&value)[kSources][kVectors],
                               unsigned v) {
    if constexpr (kSources == 2)
      sum = exclusive_or(sum, value[0][v], value[1][v]);
    else
      sum = exclusive_or(sum, value[0][v]);
  }
  template <unsigned kSources, unsigned kVectors>
  static USBGW_INLINE void add_products(Register& sum, const Factor (&factor)[kSources],
                                        const Source (&value)[kSources][kVectors], unsigned v) {
    if constexpr (kSources == 2)
      sum = exclusive_or(sum, product(value[0][v], factor[0]), product(value[1][v], factor[1]));
    else
      sum = exclusive_or(sum, product(value[0][v], factor[0]));
  }
};

}  // namespace

void combine_avx512_gfni(const Combination& task) {
  combine_vectors<Avx512Gfni>(task);
}

}  // namespace usbgw::fec
