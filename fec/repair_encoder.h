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

// The symbol of `row` over a set of 1..kMaxSet sources in ascending order within kSpan; `to` must
// hold repair_bytes(). Returns the bytes written.
std::size_t encode_repair(const Kernel& kernel, unsigned row, std::span<const Source> set,
                          std::span<std::byte> to);

}  // namespace usbgw::fec
