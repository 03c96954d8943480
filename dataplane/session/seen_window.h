// Which of the newest `Bits` numbers have been seen: a bitmap used as a ring (the idea of RFC
// 6479). Replayed packets and duplicate sources are told by it. Numbers are not negative.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace usbgw::session {

template <std::size_t Bits>
class SeenWindow {
  static_assert(Bits % 64 == 0);

 public:
  // False when the number has been seen, or is too old to tell.
  [[nodiscard]] bool is_new(std::int64_t number) const {
    if (number > newest_) return true;
    return number > newest_ - kSize && !bit(number);
  }
  // Returns how many numbers left the window unseen. Only for a number that is_new().
  std::size_t mark(std::int64_t number) {
    const std::size_t lost = number > newest_ ? advance(number) : 0;
    words_[word(number)] |= mask(number);
    return lost;
  }
  // Numbers up to the newest that are still unseen in the window.
  [[nodiscard]] std::size_t missing() const {
    std::size_t count = 0;
    const std::int64_t first = newest_ >= kSize ? newest_ - kSize + 1 : 0;
    for (std::int64_t n = first; n < newest_; ++n) count += bit(n) ? 0u : 1u;
    return count;
  }

 private:
  static constexpr std::int64_t kSize = Bits;
  static std::size_t word(std::int64_t n) { return static_cast<std::size_t>(n % kSize) / 64; }
  static std::uint64_t mask(std::int64_t n) { return std::uint64_t{1} << (n % 64); }
  [[nodiscard]] bool bit(std::int64_t n) const { return (words_[word(n)] & mask(n)) != 0; }

  std::size_t advance(std::int64_t to) {
    std::size_t lost = 0;
    if (to - newest_ > kSize) {  // the whole window and more goes
      const std::int64_t last = to - kSize;
      lost = missing() + static_cast<std::size_t>(last - newest_);
      words_.fill(0);
    } else {
      for (std::int64_t n = newest_ + 1; n <= to; ++n) {
        if (n >= kSize && !bit(n)) ++lost;  // the place that n takes is n - Bits's
        words_[word(n)] &= ~mask(n);
      }
    }
    newest_ = to;
    return lost;
  }

  std::int64_t newest_ = -1;
  std::array<std::uint64_t, Bits / 64> words_{};
};

}  // namespace usbgw::session
