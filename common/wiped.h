// Bytes that do not outlive their use: keys, and what keys are derived from. Every copy wipes
// itself; spans and pointers into it are the reader's own care.
#pragma once

#include <array>
#include <cstddef>

namespace usbgw {

template <std::size_t N>
struct Wiped : std::array<std::byte, N> {
  Wiped() : std::array<std::byte, N>{} {}
  Wiped(const Wiped&) = default;
  Wiped& operator=(const Wiped&) = default;
  ~Wiped() {
    // Through a volatile pointer: nobody reads what is written here, so it would be optimised away.
    volatile std::byte* const bytes = this->data();
    for (std::size_t i = 0; i < N; ++i) bytes[i] = std::byte{};
  }
};

}  // namespace usbgw
