#include "fec/repair_window.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <vector>

#include "common/random.h"
#include "fec/repair_encoder.h"

namespace usbgw::fec {
namespace {

using Bytes = std::vector<std::byte>;
constexpr std::size_t kLargest = 60;

// Sources of a stream, a window that gets some of them, and what it recovers.
class Stream {
 public:
  explicit Stream(std::uint64_t seed = 1) : random_(seed) {}

  const Bytes& source(std::int64_t number) {
    Bytes& bytes = sources_[number];
    if (bytes.empty()) {
      bytes.resize(1 + random_.below(kLargest));
      for (auto& byte : bytes) byte = static_cast<std::byte>(random_.next());
    }
    return bytes;
  }
  Bytes symbol(unsigned row, const std::vector<std::int64_t>& set) {
    std::vector<Source> sources;
    for (const auto number : set) sources.push_back({SourceNumber{number}, source(number)});
    Bytes symbol(repair_bytes(sources));
    EXPECT_EQ(encode_repair(scalar_kernel(), row, sources, symbol), symbol.size());
    return symbol;
  }
  void give(std::int64_t number) {
    window.add_source(SourceNumber{number}, source(number));
    collect();
  }
  RepairOutcome repair(unsigned row, const std::vector<std::int64_t>& set) {
    std::vector<SourceNumber> numbers;
    for (const auto number : set) numbers.emplace_back(number);
    const auto outcome = window.add_repair(row, numbers, symbol(row, set));
    collect();
    return outcome;
  }

  RepairWindow window{scalar_kernel(), kLargest, 16};
  std::vector<std::int64_t> recovered;

 private:
  void collect() {
    while (const auto found = window.take_recovered()) {
      recovered.push_back(found->number.value());
      const Bytes bytes(found->bytes.begin(), found->bytes.end());
      EXPECT_EQ(bytes, source(found->number.value())) << found->number.value();
    }
    std::sort(recovered.begin(), recovered.end());
    EXPECT_EQ(std::adjacent_find(recovered.begin(), recovered.end()), recovered.end());
  }

  Random random_;
  std::map<std::int64_t, Bytes> sources_;
};

using Numbers = std::vector<std::int64_t>;

Numbers range(std::int64_t first, std::int64_t count) {
  Numbers numbers;
  for (std::int64_t i = 0; i < count; ++i) numbers.push_back(first + i);
  return numbers;
}

TEST(RepairEncoder, SymbolOfOneSourceInRowZeroIsAVerbatimCopyAfterItsLength) {
  Stream stream;
  Bytes expected{std::byte{0}, static_cast<std::byte>(stream.source(9).size())};
  expected.insert(expected.end(), stream.source(9).begin(), stream.source(9).end());
  EXPECT_EQ(stream.symbol(0, {9}), expected);
}

// Whatever the sizes, also equal and empty ones: as the definition says, source by source.
TEST(RepairEncoder, RowsOfABlockTogetherAreWhatTheyAreAlone) {
  Random random(3);
  for (int run = 0; run < 300; ++run) {
    const std::size_t count = 1 + random.below(kMaxSet);
    const std::size_t rows = 1 + random.below(12);
    const auto first_row = static_cast<unsigned>(run % 3 == 0 ? 0 : random.below(kRows - 12));
    const auto first = static_cast<std::int64_t>(random.below(1000));
    std::vector<Bytes> memory;
    std::vector<Source> set;
    for (std::size_t i = 0; i < count; ++i) {
      memory.emplace_back(run % 2 == 0 ? random.below(90) : 50);
      for (auto& byte : memory.back()) byte = static_cast<std::byte>(random.next());
    }
    for (std::size_t i = 0; i < count; ++i)
      set.push_back({SourceNumber{first + static_cast<std::int64_t>(i) * 4}, memory[i]});
    std::vector<Bytes> expected(rows, Bytes(repair_bytes(set)));
    for (std::size_t row = 0; row < rows; ++row)
      for (const Source& source : set) {
        Bytes padded(2 + source.bytes.size());
        padded[1] = static_cast<std::byte>(source.bytes.size());
        std::copy(source.bytes.begin(), source.bytes.end(), padded.begin() + 2);
        scalar_kernel().multiply_add(
            std::span(expected[row]).first(padded.size()), padded,
            coefficient(first_row + static_cast<unsigned>(row), source.number.value()));
      }
    for (const Kernel& kernel : kernels()) {
      std::vector<Bytes> symbols(rows, Bytes(repair_bytes(set)));
      std::vector<std::byte*> targets;
      for (Bytes& symbol : symbols) targets.push_back(symbol.data());
      EXPECT_EQ(encode_repairs(kernel, first_row, set, targets), repair_bytes(set));
      ASSERT_EQ(symbols, expected) << kernel.name;
    }
  }
}

TEST(RepairEncoder, RowZeroIsXor) {
  Stream stream;
  Bytes expected = stream.symbol(0, {3});
  const Bytes other = stream.symbol(0, {4});
  expected.resize(std::max(expected.size(), other.size()));
  for (std::size_t i = 0; i < other.size(); ++i) expected[i] ^= other[i];
  EXPECT_EQ(stream.symbol(0, {3, 4}), expected);
}

TEST(RepairWindow, CopyRecoversItsSource) {
  Stream stream;
  stream.give(1);
  EXPECT_EQ(stream.repair(0, {0}), RepairOutcome::recovered);
  EXPECT_EQ(stream.recovered, (Numbers{0}));
  EXPECT_EQ(stream.repair(0, {0}), RepairOutcome::useless);
  EXPECT_EQ(stream.repair(5, {1}), RepairOutcome::useless);
}

// Reed-Solomon: any m of the k + m symbols may be lost.
TEST(RepairWindow, BlockRecoversAnyLossesUpToItsRepairSymbols) {
  for (unsigned lost = 0; lost < 256; ++lost) {
    Stream stream(lost);
    Numbers missing;
    for (std::int64_t i = 0; i < 8; ++i) {
      if ((lost >> i & 1) != 0)
        missing.push_back(100 + i);
      else
        stream.give(100 + i);
    }
    for (unsigned row = 0; row < 4; ++row) stream.repair(row, range(100, 8));
    if (missing.size() <= 4)
      EXPECT_EQ(stream.recovered, missing) << lost;
    else
      EXPECT_TRUE(stream.recovered.empty()) << lost;
  }
}

TEST(RepairWindow, LargestBlockRecoversWithAnyRows) {
  Random random(8);
  for (int run = 0; run < 50; ++run) {
    Stream stream(static_cast<std::uint64_t>(run));
    Numbers missing;
    for (std::int64_t n = 0; n < 32; ++n) {
      if (missing.size() < 12 && random.chance(0.5))
        missing.push_back(n);
      else
        stream.give(n);
    }
    const auto first = static_cast<unsigned>(random.below(kRows - 12));
    for (unsigned i = 0; i < missing.size(); ++i) stream.repair(first + i, range(0, 32));
    EXPECT_EQ(stream.recovered, missing);
  }
}

TEST(RepairWindow, SymbolsBeforeTheirSourcesWaitAndRecoverWhenTheyCome) {
  Stream stream;
  EXPECT_EQ(stream.repair(0, range(0, 4)), RepairOutcome::kept);
  EXPECT_EQ(stream.repair(1, range(0, 4)), RepairOutcome::kept);
  stream.give(3);
  EXPECT_TRUE(stream.recovered.empty());
  stream.give(0);
  EXPECT_EQ(stream.recovered, (Numbers{1, 2}));
}

// A burst of three, and overlapping windows none of which repairs it alone.
TEST(RepairWindow, OverlappingWindowsRecoverTogether) {
  Stream stream;
  for (const std::int64_t n : {0, 1, 2, 6, 7, 8}) stream.give(n);
  EXPECT_EQ(stream.repair(0, range(0, 6)), RepairOutcome::kept);
  EXPECT_EQ(stream.repair(1, range(2, 6)), RepairOutcome::kept);
  EXPECT_EQ(stream.repair(2, range(3, 6)), RepairOutcome::recovered);
  EXPECT_EQ(stream.recovered, (Numbers{3, 4, 5}));
}

TEST(RepairWindow, SymbolThatSaysNothingNewIsUseless) {
  Stream stream;
  stream.give(0);
  EXPECT_EQ(stream.repair(0, {0, 1, 2}), RepairOutcome::kept);
  EXPECT_EQ(stream.repair(0, {1, 2}), RepairOutcome::useless);
}

TEST(RepairWindow, EquationOutlivesASourceThatLeavesTheWindow) {
  Stream stream;
  stream.repair(0, {0, 1, 2});
  stream.repair(1, {0, 1, 2});
  stream.give(128);  // 0 leaves; 1 and 2 are still tied by what both symbols say
  stream.give(2);
  EXPECT_EQ(stream.recovered, (Numbers{1}));
}

TEST(RepairWindow, NumbersBeyond32BitsAndJumpsWork) {
  Stream stream;
  const std::int64_t far = (std::int64_t{1} << 32) + 5;
  stream.give(3);
  stream.give(far);
  EXPECT_EQ(stream.repair(1, {far - 1, far}), RepairOutcome::recovered);
  EXPECT_EQ(stream.repair(0, {3, 4}), RepairOutcome::too_old);
  EXPECT_EQ(stream.recovered, (Numbers{far - 1}));
}

TEST(RepairWindow, ClearedWindowKnowsNothingOfTheStreamBefore) {
  Stream stream;
  stream.give(100);
  EXPECT_EQ(stream.repair(0, {101, 102}), RepairOutcome::kept);
  stream.window.clear();
  EXPECT_EQ(stream.repair(1, {99, 100}), RepairOutcome::kept);
  stream.give(102);
  EXPECT_TRUE(stream.recovered.empty());
  stream.give(99);
  EXPECT_EQ(stream.recovered, Numbers{100});
}

TEST(RepairWindow, BadSetsAreMalformedAndLargeSymbolsRefused) {
  Stream stream;
  const auto add = [&](const Numbers& set, std::size_t size, unsigned row = 0) {
    std::vector<SourceNumber> numbers;
    for (const auto n : set) numbers.emplace_back(n);
    return stream.window.add_repair(row, numbers, Bytes(size));
  };
  EXPECT_EQ(add({}, 10), RepairOutcome::malformed);
  EXPECT_EQ(add({2, 1}, 10), RepairOutcome::malformed);
  EXPECT_EQ(add({1, 1}, 10), RepairOutcome::malformed);
  EXPECT_EQ(add({-1}, 10), RepairOutcome::malformed);
  EXPECT_EQ(add({0, kSpan}, 10), RepairOutcome::malformed);
  EXPECT_EQ(add(range(0, 33), 10), RepairOutcome::malformed);
  EXPECT_EQ(add({0}, 1), RepairOutcome::malformed);
  EXPECT_EQ(add({0}, 10, kRows), RepairOutcome::malformed);
  EXPECT_EQ(add({0}, kLargest + 3), RepairOutcome::refused);
}

TEST(RepairWindow, SolutionOfImpossibleLengthIsCountedNotBelieved) {
  Stream stream;
  const std::vector<SourceNumber> set{SourceNumber{0}};
  EXPECT_EQ(stream.window.add_repair(0, set, Bytes(10, std::byte{0xFF})), RepairOutcome::kept);
  EXPECT_EQ(stream.window.inconsistent(), 1u);
  EXPECT_FALSE(stream.window.take_recovered());
}

TEST(RepairWindow, OneSymbolMoreThanItHoldsGivesUpTheOldestMissingSource) {
  Stream stream;
  for (std::int64_t i = 0; i < 17; ++i)
    EXPECT_EQ(stream.repair(0, {3 * i, 3 * i + 1}), RepairOutcome::kept);
  stream.give(0);
  EXPECT_TRUE(stream.recovered.empty());
  for (std::int64_t i = 1; i < 17; ++i) stream.give(3 * i);
  EXPECT_EQ(stream.recovered.size(), 16u);
}

// Sliding windows of random shape, losses and order over a long stream: what comes out is true and
// comes once (checked in Stream), and repairs most of what was lost.
TEST(RepairWindow, RandomSlidingWindowsRecoverOnlyTheTruth) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    Stream stream(seed);
    std::size_t lost = 0;
    for (std::int64_t n = 0; n < 1500; ++n) {
      if (random.chance(0.1))
        ++lost;
      else
        stream.give(n);
      if (n < 40 || random.chance(0.4)) continue;
      Numbers set;
      for (std::int64_t i = n - 1 - static_cast<std::int64_t>(random.below(20)); i <= n; ++i)
        if (random.chance(0.8)) set.push_back(i);
      if (!set.empty()) stream.repair(static_cast<unsigned>(n % kRows), set);
    }
    EXPECT_GT(stream.recovered.size(), lost * 3 / 4);
    EXPECT_EQ(stream.window.inconsistent(), 0u);
  }
}

}  // namespace
}  // namespace usbgw::fec
