// What a kernel computes. Plain data and nothing inline: files that are compiled for one
// instruction set include it, and an inline function of the library that such a file emits could be
// the copy that the linker keeps for everybody.
#pragma once

#include <cstddef>
#include <cstdint>

namespace usbgw::fec {

// For every target t and each of `size` bytes, over GF(2^8):
//
//   targets[t] = sum over s of coefficients[s * target_count + t] * sources[s]
//
// Sources may be at any address and of any size, also 0; they overlap no target, and targets do not
// overlap each other. All sources are read once for up to kFusedTargets targets.
struct Combination {
  const std::byte* const* sources = nullptr;
  std::byte* const* targets = nullptr;
  const std::uint8_t* coefficients = nullptr;
  std::size_t source_count = 0;
  std::size_t target_count = 0;
  std::size_t size = 0;
  // The sum is added to what the targets hold.
  bool accumulates = false;
  // When not 0: target 0 is the plain sum of this many sources, the first ones, and its
  // coefficients are not looked at. It then costs no multiplication.
  std::size_t plain = 0;
  // Target 0 gets all the other targets added; for at most kFusedTargets, and not accumulating.
  bool folds = false;
};

inline constexpr std::size_t kFusedTargets = 8;

using Combine = void (*)(const Combination&);

}  // namespace usbgw::fec
