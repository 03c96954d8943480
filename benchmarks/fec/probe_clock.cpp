#include <cstdint>

#include "benchmarks/fec/probe.h"

namespace usbgw::benchmarks {

void probe_additions(std::size_t iterations) {
  std::uint64_t value = 1;
  for (std::size_t i = 0; i < iterations; ++i)
    for (std::size_t j = 0; j < kAdditionsPerRound; ++j) {
      value += i;
      asm volatile("" : "+r"(value));  // each addition waits for the one before
    }
}

bool has_probes() {
  return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("gfni") != 0;
}

}  // namespace usbgw::benchmarks
