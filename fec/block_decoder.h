// The receiver's side of a Reed-Solomon block: recovers the missing ones of a set from as many
// repair symbols over it, in one pass over what came. What it computed for a loss it keeps, by
// which of the set are missing and which rows are used. Fixed memory; not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "common/ids.h"
#include "fec/block_solution.h"
#include "fec/kernel.h"

namespace usbgw::fec {

class BlockDecoder {
 public:
  // `solutions`: losses remembered, a power of two; about 1 KB each.
  BlockDecoder(const Kernel& kernel, std::size_t solutions);

  struct Member {
    SourceNumber number;
    std::byte* bytes;  // as it enters a symbol: length, bytes, zeros; written when it is missing
    bool is_missing;
  };
  struct Symbol {
    unsigned row;
    const std::byte* bytes;
  };
  // The set, 1..kMaxSet members in ascending order within kSpan, and symbols over it by ascending
  // row, all of `size` bytes. Uses as many symbols as are missing, the first ones; with fewer it
  // returns false and writes nothing.
  bool recover(std::span<const Member> set, std::span<const Symbol> symbols, std::size_t size);

  // Losses whose solution had to be computed.
  [[nodiscard]] std::uint64_t solved() const { return solved_; }

 private:
  struct Key {
    std::array<std::uint64_t, 2> columns{};  // of the set, one bit each
    std::array<std::uint64_t, 2> rows{};     // used
    std::uint64_t missing = 0;               // by place in the set; 0: free
    bool operator==(const Key&) const = default;
    [[nodiscard]] std::size_t hash() const;
  };
  struct Solution {
    Key key;
    BlockSolution coefficients;
  };

  const BlockSolution& find_solution(const Key& key, std::span<const Member> set,
                                     std::span<const Symbol> symbols);

  const Kernel& kernel_;
  std::vector<Solution> solutions_;  // by the key's hash: a new loss takes another's place
  std::uint64_t solved_ = 0;
};

}  // namespace usbgw::fec
