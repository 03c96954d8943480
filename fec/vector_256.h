// 256-bit registers as kernel_body.h wants them: what the two AVX2 kernels have in common.
#pragma once

#include <immintrin.h>

#include "fec/kernel_body.h"

namespace usbgw::fec {
namespace {

struct Vector256 {
  using Register = __m256i;
  struct Whole {};
  using Tail =
      std::size_t;  // bytes; AVX2 has no masks for them, so a short one goes through memory

  static constexpr std::size_t kBytes = 32;
  static USBGW_INLINE Tail tail(std::size_t bytes) { return bytes; }

  static USBGW_INLINE Register zero() { return _mm256_setzero_si256(); }
  static USBGW_INLINE Register load(const std::byte* at) {
    return _mm256_loadu_si256(reinterpret_cast<const Register*>(at));
  }
  static USBGW_INLINE Register load(const std::byte* at, Whole) { return load(at); }
  static USBGW_INLINE Register load(const std::byte* at, Tail tail) {
    if (tail == kBytes) return load(at);
    alignas(kBytes) std::byte whole[kBytes]{};
    __builtin_memcpy(whole, at, tail);
    return load(whole);
  }
  static USBGW_INLINE void store(std::byte* at, Register value) {
    _mm256_storeu_si256(reinterpret_cast<Register*>(at), value);
  }
  static USBGW_INLINE void store(std::byte* at, Register value, Whole) { store(at, value); }
  static USBGW_INLINE void store(std::byte* at, Register value, Tail tail) {
    if (tail == kBytes) return store(at, value);
    alignas(kBytes) std::byte whole[kBytes];
    store(whole, value);
    __builtin_memcpy(at, whole, tail);
  }
  static USBGW_INLINE Register exclusive_or(Register a, Register b) {
    return _mm256_xor_si256(a, b);
  }
};

}  // namespace
}  // namespace usbgw::fec
