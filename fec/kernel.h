// The inner loop of all repair: linear combinations over GF(2^8). One implementation per
// instruction set, chosen once and passed in; all give the same bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "fec/combination.h"

namespace usbgw::fec {

struct Kernel {
  std::string_view name;
  Combine combine;

  // to += coefficient * from. The regions have the same size and do not overlap.
  void multiply_add(std::span<std::byte> to, std::span<const std::byte> from,
                    std::uint8_t coefficient) const;
};

// The reference.
[[nodiscard]] const Kernel& scalar_kernel();
// Every kernel that this machine runs, the fastest first: kernels().front() is the one to choose.
[[nodiscard]] std::span<const Kernel> kernels();
// By name, for tests and the configuration; nullptr when this machine has none of that name.
[[nodiscard]] const Kernel* find_kernel(std::string_view name);

}  // namespace usbgw::fec
