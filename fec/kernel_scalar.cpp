// The reference: one source and one target at a time, a table of 256 products for each coefficient.
#include <array>
#include <span>

#include "fec/galois.h"
#include "fec/kernel_variants.h"

namespace usbgw::fec {
namespace {

void add_plain(std::span<std::byte> to, const std::byte* from) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] ^= from[i];
}

void add_product(std::span<std::byte> to, const std::byte* from, std::uint8_t factor) {
  if (factor == 0) return;
  if (factor == 1) return add_plain(to, from);
  std::array<std::byte, 256> product{};
  for (unsigned i = 0; i < 256; ++i)
    product[i] = std::byte{multiply(static_cast<std::uint8_t>(i), factor)};
  for (std::byte& byte : to) byte ^= product[std::to_integer<std::size_t>(*from++)];
}

}  // namespace

void combine_scalar(const Combination& task) {
  for (std::size_t t = 0; t < task.target_count; ++t) {
    const std::span to(task.targets[t], task.size);
    if (!task.accumulates) std::fill(to.begin(), to.end(), std::byte{});
    const bool is_plain = t == 0 && task.plain != 0;
    for (std::size_t s = 0; s < (is_plain ? task.plain : task.source_count); ++s) {
      if (is_plain)
        add_plain(to, task.sources[s]);
      else
        add_product(to, task.sources[s], task.coefficients[s * task.target_count + t]);
    }
  }
  if (!task.folds) return;
  for (std::size_t t = 1; t < task.target_count; ++t)
    add_plain(std::span(task.targets[0], task.size), task.targets[t]);
}

}  // namespace usbgw::fec
