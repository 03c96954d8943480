// AVX2 with GFNI, for processors without AVX-512: an affine transformation multiplies 32 bytes by
// one element.
#include "fec/kernel_tables.h"
#include "fec/kernel_variants.h"
#include "fec/vector_256.h"

namespace usbgw::fec {
namespace {

struct Avx2Gfni : Vector256 {
  using Source = Register;
  using Factor = Register;

  static constexpr unsigned sources_at_once(unsigned) { return 1; }
  // Sums, a source for each column of them, and a factor share 16 registers.
  static constexpr unsigned unroll(unsigned targets) {
    return targets <= 2 ? 4 : targets <= 4 ? 2 : 1;
  }

  static USBGW_INLINE Source source(Register value) { return value; }
  static USBGW_INLINE Factor factor(std::uint8_t element) {
    return _mm256_set1_epi64x(static_cast<long long>(kMatrixTable.of[element]));
  }

  template <unsigned kSources, unsigned kVectors>
  static USBGW_INLINE void add(Register& sum, const Source (&value)[kSources][kVectors],
                               unsigned v) {
    sum = exclusive_or(sum, value[0][v]);
  }
  template <unsigned kSources, unsigned kVectors>
  static USBGW_INLINE void add_products(Register& sum, const Factor (&factor)[kSources],
                                        const Source (&value)[kSources][kVectors], unsigned v) {
    sum = exclusive_or(sum, _mm256_gf2p8affine_epi64_epi8(value[0][v], factor[0], 0));
  }
};

}  // namespace

void combine_avx2_gfni(const Combination& task) {
  combine_vectors<Avx2Gfni>(task);
}

}  // namespace usbgw::fec
