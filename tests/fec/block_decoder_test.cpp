#include "fec/block_decoder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <vector>

#include "common/random.h"
#include "fec/coefficients.h"
#include "tests/counting_new.h"

namespace usbgw::fec {
namespace {

using Bytes = std::vector<std::byte>;
using Rows = std::vector<unsigned>;

// A set of sources, and symbols over it by the scalar kernel, one product at a time.
class Block {
 public:
  Block(std::vector<std::int64_t> numbers, std::size_t size, std::uint64_t seed = 1)
      : numbers_(std::move(numbers)), size_(size) {
    Random random(seed);
    for (std::size_t i = 0; i < numbers_.size(); ++i) {
      sources_.emplace_back(size);
      for (auto& byte : sources_.back()) byte = static_cast<std::byte>(random.next());
    }
  }

  // Loses the sources of these places in the set and recovers them by symbols of these rows.
  bool recovers(BlockDecoder& decoder, const std::vector<std::size_t>& lost, const Rows& rows) {
    std::vector<Bytes> memory = sources_;
    std::vector<BlockDecoder::Member> members;
    for (std::size_t i = 0; i < numbers_.size(); ++i)
      members.push_back({SourceNumber{numbers_[i]}, memory[i].data(), false});
    for (const std::size_t place : lost) {
      std::fill(memory[place].begin(), memory[place].end(), std::byte{0xEE});
      members[place].is_missing = true;
    }
    std::vector<BlockDecoder::Symbol> symbols;
    for (const unsigned row : rows) symbols.push_back({row, symbol(row).data()});
    test::start_counting_allocations();
    const bool done = decoder.recover(members, symbols, size_);
    EXPECT_EQ(test::stop_counting_allocations(), 0u);
    return done && memory == sources_;
  }

 private:
  const Bytes& symbol(unsigned row) {
    if (symbols_.size() < kRows) symbols_.resize(kRows);
    if (symbols_[row].empty()) {
      symbols_[row].resize(size_);
      for (std::size_t i = 0; i < numbers_.size(); ++i)
        scalar_kernel().multiply_add(symbols_[row], sources_[i], coefficient(row, numbers_[i]));
    }
    return symbols_[row];
  }

  std::vector<std::int64_t> numbers_;
  std::size_t size_;
  std::vector<Bytes> sources_;
  std::vector<Bytes> symbols_;
};

std::vector<std::int64_t> from(std::int64_t first, std::size_t count, std::int64_t step = 1) {
  std::vector<std::int64_t> numbers;
  for (std::size_t i = 0; i < count; ++i)
    numbers.push_back(first + static_cast<std::int64_t>(i) * step);
  return numbers;
}

std::vector<std::size_t> places(std::uint32_t mask) {
  std::vector<std::size_t> result;
  for (std::size_t i = 0; i < 32; ++i)
    if ((mask >> i & 1) != 0) result.push_back(i);
  return result;
}

TEST(BlockDecoder, RecoversEveryLossThatFourSymbolsCanRepairByAnyOfSixRows) {
  Block block(from(1000, 8), 33);
  BlockDecoder decoder(scalar_kernel(), 16);
  for (std::uint32_t lost = 0; lost < 256; ++lost)
    for (std::uint32_t rows = 0; rows < 64; ++rows) {
      if (std::popcount(rows) != std::popcount(lost) || std::popcount(lost) > 4) continue;
      Rows used;
      for (const std::size_t row : places(rows)) used.push_back(static_cast<unsigned>(row));
      ASSERT_TRUE(block.recovers(decoder, places(lost), used)) << lost << " by " << rows;
    }
}

TEST(BlockDecoder, RecoversLargeBlocksWithEveryKernel) {
  for (const Kernel& kernel : kernels()) {
    SCOPED_TRACE(kernel.name);
    BlockDecoder decoder(kernel, 16);
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
      Random random(seed);
      const std::size_t k = 1 + random.below(kMaxSet);
      const auto step = static_cast<std::int64_t>(1 + random.below(k > 1 ? 127 / (k - 1) : 1));
      Block block(from(static_cast<std::int64_t>(random.below(1u << 20)), k, step),
                  1 + random.below(300), seed);
      auto lost = places(static_cast<std::uint32_t>(random.next()));
      std::erase_if(lost, [k](std::size_t place) { return place >= k; });
      const std::size_t first = random.chance(0.5) ? 0 : random.below(kRows - kMaxSet);
      Rows rows;
      for (std::size_t i = 0; i < lost.size(); ++i)
        rows.push_back(static_cast<unsigned>(first + i));
      ASSERT_TRUE(block.recovers(decoder, lost, rows)) << seed;
    }
  }
}

TEST(BlockDecoder, UsesAsManySymbolsAsAreMissingAndRefusesFewer) {
  Block block(from(5, 6), 20);
  BlockDecoder decoder(scalar_kernel(), 4);
  EXPECT_TRUE(block.recovers(decoder, {2}, {0, 1, 2}));
  EXPECT_TRUE(block.recovers(decoder, {}, {}));
  EXPECT_FALSE(block.recovers(decoder, {2, 3}, {1}));
}

TEST(BlockDecoder, ComputesALossOnceAndAgainOnlyWhenAnotherTookItsPlace) {
  Block block(from(64, 8), 20);
  BlockDecoder decoder(scalar_kernel(), 1);
  EXPECT_TRUE(block.recovers(decoder, {1, 2}, {0, 1}));
  EXPECT_TRUE(block.recovers(decoder, {1, 2}, {0, 1}));
  EXPECT_EQ(decoder.solved(), 1u);
  EXPECT_TRUE(block.recovers(decoder, {1, 3}, {0, 1}));
  EXPECT_TRUE(block.recovers(decoder, {1, 2}, {0, 1}));
  EXPECT_EQ(decoder.solved(), 3u);
}

TEST(BlockDecoder, TellsBlocksOfOtherNumbersAndRowsApart) {
  BlockDecoder decoder(scalar_kernel(), 1);
  Block near(from(0, 4), 20), far(from(4, 4), 20), spread(from(0, 4, 4), 20);
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(near.recovers(decoder, {0, 1}, {1, 2}));
    EXPECT_TRUE(far.recovers(decoder, {0, 1}, {1, 2}));
    EXPECT_TRUE(spread.recovers(decoder, {0, 1}, {1, 2}));
    EXPECT_TRUE(spread.recovers(decoder, {0, 1}, {1, 3}));
  }
}

// One source by row 0 is a sum: there is nothing to solve.
TEST(BlockDecoder, SolvesNothingForOneLossAndTheFirstRow) {
  Block block(from(9, 4), 20);
  BlockDecoder decoder(scalar_kernel(), 4);
  EXPECT_TRUE(block.recovers(decoder, {3}, {0}));
  EXPECT_EQ(decoder.solved(), 0u);
}

}  // namespace
}  // namespace usbgw::fec
