// Compiled for AVX-512 and GFNI; called only where has_probes().
#include <immintrin.h>

#include "benchmarks/fec/probe.h"

namespace usbgw::benchmarks {

void probe_products(std::size_t iterations) {
  // Sixteen chains hide the latency of the instruction, so that its throughput shows. In assembly,
  // so that nothing else is in the loop.
  const __m512i matrix = _mm512_set1_epi64(0x0102040810204080);
  if (iterations == 0) return;
#define USBGW_PRODUCT(i) "vgf2p8affineqb $0, %[matrix], %%zmm" #i ", %%zmm" #i "\n\t"
  asm volatile("1:\n\t"                                                                 //
               USBGW_PRODUCT(0) USBGW_PRODUCT(1) USBGW_PRODUCT(2) USBGW_PRODUCT(3)      //
               USBGW_PRODUCT(4) USBGW_PRODUCT(5) USBGW_PRODUCT(6) USBGW_PRODUCT(7)      //
               USBGW_PRODUCT(8) USBGW_PRODUCT(9) USBGW_PRODUCT(10) USBGW_PRODUCT(11)    //
               USBGW_PRODUCT(12) USBGW_PRODUCT(13) USBGW_PRODUCT(14) USBGW_PRODUCT(15)  //
               "dec %[rounds]\n\t"
               "jnz 1b"
               : [rounds] "+r"(iterations)
               : [matrix] "v"(matrix)
               : "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8",
                 "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
#undef USBGW_PRODUCT
}

void probe_traffic(std::span<const std::byte* const> sources, std::span<std::byte* const> targets,
                   std::size_t size) {
  std::size_t offset = 0;
  for (; offset + 192 < size; offset += 256) {
    __m512i a = _mm512_setzero_si512(), b = a, c = a, d = a;
    for (const std::byte* source : sources) {
      const std::byte* const from = source + offset;
      a = _mm512_xor_si512(a, _mm512_loadu_si512(from));
      b = _mm512_xor_si512(b, _mm512_loadu_si512(from + 64));
      c = _mm512_xor_si512(c, _mm512_loadu_si512(from + 128));
      d = _mm512_xor_si512(d, _mm512_loadu_si512(from + 192));
    }
    for (std::byte* target : targets) {
      std::byte* const to = target + offset;
      _mm512_storeu_si512(to, a);
      _mm512_storeu_si512(to + 64, b);
      _mm512_storeu_si512(to + 128, c);
      _mm512_storeu_si512(to + 192, d);
    }
  }
  for (; offset < size; offset += 64) {
    __m512i sum = _mm512_setzero_si512();
    for (const std::byte* source : sources)
      sum = _mm512_xor_si512(sum, _mm512_loadu_si512(source + offset));
    for (std::byte* target : targets) _mm512_storeu_si512(target + offset, sum);
  }
}

}  // namespace usbgw::benchmarks
