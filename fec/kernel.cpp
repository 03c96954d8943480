#include "fec/kernel.h"

#include <algorithm>
#include <array>

#include "common/assertion.h"
#include "fec/kernel_variants.h"

namespace usbgw::fec {
namespace {

struct Available {
  std::array<Kernel, 5> kernels{};
  std::size_t count = 0;

  void add(std::string_view name, Combine combine) { kernels[count++] = {name, combine}; }
};

// The compiler's run-time asks CPUID, and XGETBV whether the operating system saves the registers.
Available find_available() {
  Available available;
#ifdef USBGW_FEC_X86
  __builtin_cpu_init();
  const bool has_gfni = __builtin_cpu_supports("gfni") != 0;
  const bool has_avx2 = __builtin_cpu_supports("avx2") != 0;
  const bool has_avx512 =
      __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0;
  if (has_avx512 && has_gfni) available.add("avx512_gfni", &combine_avx512_gfni);
  if (has_avx2 && has_gfni) available.add("avx2_gfni", &combine_avx2_gfni);
  if (has_avx512) available.add("avx512", &combine_avx512);
  if (has_avx2) available.add("avx2", &combine_avx2);
#endif
  available.add("scalar", &combine_scalar);
  return available;
}

const Available& available() {
  static const Available kAvailable = find_available();
  return kAvailable;
}

}  // namespace

void Kernel::multiply_add(std::span<std::byte> to, std::span<const std::byte> from,
                          std::uint8_t coefficient) const {
  USBGW_ASSERT(to.size() == from.size());
  if (coefficient == 0) return;
  const std::byte* const source = from.data();
  std::byte* const target = to.data();
  Combination task;
  task.sources = &source;
  task.targets = &target;
  task.coefficients = &coefficient;
  task.source_count = task.target_count = 1;
  task.size = to.size();
  task.accumulates = true;
  task.plain = coefficient == 1 ? 1 : 0;
  combine(task);
}

const Kernel& scalar_kernel() {
  return kernels().back();
}

std::span<const Kernel> kernels() {
  return std::span(available().kernels).first(available().count);
}

const Kernel* find_kernel(std::string_view name) {
  const auto all = kernels();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Kernel& k) { return k.name == name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace usbgw::fec
