// Writes repair symbols. A source enters as its length (u16, network byte order), its bytes, and
// zeros up to the longest of the set, so that sources of different sizes combine.
#pragma once

#include <cstdint>
#include <span>

#include "common/ids.h"
#include "fec/kernel.h"

namespace usbgw::fec {

inline constexpr std::size_t kLengthBytes = 2;
inline constexpr std::size_t kMaxSet = 32;

struct Source {
  SourceNumber number;
  std::span<const std::byte> bytes;
};

// Bytes of a symbol over these sources.
[[nodiscard]] std::size_t repair_bytes(std::span<const Source> set);

// The symbols of rows first_row, first_row + 1 .. over one set, one for each of `to`, at most
// kMaxSet: each source is read once for up to kFusedTargets rows. The set has 1..kMaxSet sources in
// ascending order within kSpan; each of `to` must hold repair_bytes(). Returns the bytes written to
// each.
std::size_t encode_repairs(const Kernel& kernel, unsigned first_row, std::span<const Source> set,
                           std::span<std::byte* const> to);

// The symbol of `row` alone.
std::size_t encode_repair(const Kernel& kernel, unsigned row, std::span<const Source> set,
                          std::span<std::byte> to);

}  // namespace usbgw::fec
