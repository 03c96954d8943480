#include "fec/kernel.h"

#include <array>

#include "common/assertion.h"
#include "fec/galois.h"

namespace usbgw::fec {
namespace {

void add(std::span<std::byte> to, std::span<const std::byte> from) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] ^= from[i];
}

void multiply_add_scalar(std::span<std::byte> to, std::span<const std::byte> from,
                         std::uint8_t coefficient) {
  USBGW_ASSERT(to.size() == from.size());
  if (coefficient == 0) return;
  if (coefficient == 1) {
    add(to, from);
    return;
  }
  std::array<std::byte, 256> product{};
  for (unsigned i = 0; i < 256; ++i)
    product[i] = std::byte{multiply(static_cast<std::uint8_t>(i), coefficient)};
  for (std::size_t i = 0; i < to.size(); ++i)
    to[i] ^= product[std::to_integer<std::size_t>(from[i])];
}

constexpr std::array<Kernel, 1> kKernels{Kernel{"scalar", &multiply_add_scalar}};

}  // namespace

const Kernel& scalar_kernel() {
  return kKernels.back();
}

std::span<const Kernel> kernels() {
  return kKernels;
}

const Kernel* find_kernel(std::string_view name) {
  for (const Kernel& kernel : kKernels)
    if (kernel.name == name) return &kernel;
  return nullptr;
}

}  // namespace usbgw::fec
