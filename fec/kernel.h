// The inner loop of all repair: to += coefficient * from, over GF(2^8). One implementation per
// instruction set, chosen once and passed in; all give the same bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace usbgw::fec {

struct Kernel {
  std::string_view name;
  // The regions have the same size and do not overlap.
  void (*multiply_add)(std::span<std::byte> to, std::span<const std::byte> from,
                       std::uint8_t coefficient);
};

// The reference: a 256-entry table per coefficient.
[[nodiscard]] const Kernel& scalar_kernel();
// Every kernel that this machine runs, the fastest first.
[[nodiscard]] std::span<const Kernel> kernels();
// By name, for tests and the configuration; nullptr when this machine has none of that name.
[[nodiscard]] const Kernel* find_kernel(std::string_view name);

}  // namespace usbgw::fec
