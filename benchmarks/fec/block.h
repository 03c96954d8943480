// One block of k sources and m symbols in memory, and what it takes to lose and recover m of them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "fec/block_decoder.h"
#include "fec/kernel.h"

namespace usbgw::benchmarks {

struct Shape {
  std::size_t sources;
  std::size_t symbols;
  std::size_t bytes;
};

class Block {
 public:
  explicit Block(const Shape& shape);

  [[nodiscard]] const Shape& shape() const { return shape_; }
  [[nodiscard]] std::span<const std::byte* const> sources() const { return sources_; }
  [[nodiscard]] std::span<std::byte* const> symbols() const { return symbols_; }
  // [source * m + row], of sources 0 to k - 1.
  [[nodiscard]] std::span<const std::uint8_t> coefficients() const { return coefficients_; }

  void encode(const fec::Kernel& kernel) const;
  // As many sources lost as there are symbols: a run that begins anywhere (patterns 0 to k - 1), or
  // every other one. They are to be recovered into memory of their own. `first` is the number of
  // the block's first source.
  struct Loss {
    std::vector<fec::BlockDecoder::Member> members;
    std::vector<fec::BlockDecoder::Symbol> symbols;
  };
  [[nodiscard]] Loss lose(std::int64_t first, std::size_t pattern) const;
  // What was lost and recovered is what it was.
  [[nodiscard]] bool is_whole(const Loss& loss) const;

 private:
  [[nodiscard]] std::byte* region(std::size_t index) const {
    return memory_.get() + index * stride_;
  }

  Shape shape_;
  std::size_t stride_;
  struct Free {
    void operator()(std::byte* memory) const;
  };
  std::unique_ptr<std::byte[], Free> memory_;
  std::vector<const std::byte*> sources_;
  std::vector<std::byte*> symbols_;
  std::vector<std::byte*> recovered_;
  std::vector<std::uint8_t> coefficients_;
};

}  // namespace usbgw::benchmarks
