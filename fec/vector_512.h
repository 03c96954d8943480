// 512-bit registers as kernel_body.h wants them: what the two AVX-512 kernels have in common.
#pragma once

#include <immintrin.h>

#include "fec/kernel_body.h"

namespace usbgw::fec {
namespace {

struct Vector512 {
  using Register = __m512i;
  struct Whole {};
  using Tail = __mmask64;

  static constexpr std::size_t kBytes = 64;
  // What is not 0 to 64 cannot come.
  static USBGW_INLINE Tail tail(std::size_t bytes) { return ~std::uint64_t{0} >> (kBytes - bytes); }

  static USBGW_INLINE Register zero() { return _mm512_setzero_si512(); }
  static USBGW_INLINE Register load(const std::byte* at) { return _mm512_loadu_si512(at); }
  static USBGW_INLINE Register load(const std::byte* at, Whole) { return load(at); }
  static USBGW_INLINE Register load(const std::byte* at, Tail tail) {
    return _mm512_maskz_loadu_epi8(tail, at);
  }
  static USBGW_INLINE void store(std::byte* at, Register value) { _mm512_storeu_si512(at, value); }
  static USBGW_INLINE void store(std::byte* at, Register value, Whole) { store(at, value); }
  static USBGW_INLINE void store(std::byte* at, Register value, Tail tail) {
    _mm512_mask_storeu_epi8(at, tail, value);
  }
  static USBGW_INLINE Register exclusive_or(Register a, Register b) {
    return _mm512_xor_si512(a, b);
  }
  static USBGW_INLINE Register exclusive_or(Register a, Register b, Register c) {
    return _mm512_ternarylogic_epi64(a, b, c, 0x96);
  }
};

}  // namespace
}  // namespace usbgw::fec
