// A byte stream in which every place can be recognised: little-endian 64-bit words that count from
// 0. The judge says of a received stream which bytes are lost, repeated or altered.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace usbgw::device::software {

class ByteCounter {
 public:
  void fill(std::span<std::byte> bytes);
  [[nodiscard]] std::uint64_t position() const { return position_; }
  void restart() { position_ = 0; }

 private:
  std::uint64_t position_ = 0;
};

class ByteJudge {
 public:
  void take(std::span<const std::byte> bytes);
  void restart() { *this = ByteJudge(); }

  struct Counters {
    std::uint64_t bytes = 0;
    std::uint64_t lost = 0;
    std::uint64_t repeated = 0;
    std::uint64_t altered = 0;
  };
  [[nodiscard]] Counters counters() const;

 private:
  // Two whole words from any place.
  static constexpr std::size_t kWindow = 23;

  void resolve();
  Counters counters_;
  std::uint64_t expected_ = 0;               // place of the next byte
  std::array<std::byte, kWindow> unsure_{};  // bytes since the first that was not expected
  std::size_t unsure_count_ = 0;
};

}  // namespace usbgw::device::software
