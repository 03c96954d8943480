#include "fec/block_decoder.h"

#include <bit>

#include "common/assertion.h"
#include "fec/coefficients.h"

namespace usbgw::fec {
namespace {

std::uint8_t column(const BlockDecoder::Member& member) {
  return static_cast<std::uint8_t>(member.number.value() & (kSpan - 1));
}

void set_bit(std::array<std::uint64_t, 2>& bits, unsigned index) {
  bits[index >> 6] |= std::uint64_t{1} << (index & 63);
}

}  // namespace

BlockDecoder::BlockDecoder(const Kernel& kernel, std::size_t solutions)
    : kernel_(kernel), solutions_(solutions) {
  USBGW_ASSERT(std::has_single_bit(solutions));
}

bool BlockDecoder::recover(std::span<const Member> set, std::span<const Symbol> symbols,
                           std::size_t size) {
  USBGW_ASSERT(!set.empty() && set.size() <= kMaxSet);
  USBGW_ASSERT(set.back().number.value() - set.front().number.value() < kSpan);
  Key key;
  std::array<const std::byte*, kMaxSet> inputs;
  std::array<std::byte*, kMaxSet> targets;
  std::size_t present = 0, missing = 0;
  for (std::size_t i = 0; i < set.size(); ++i) {
    set_bit(key.columns, column(set[i]));
    if (set[i].is_missing) {
      targets[missing++] = set[i].bytes;
      key.missing |= std::uint64_t{1} << i;
    } else {
      inputs[present++] = set[i].bytes;
    }
  }
  if (missing == 0) return true;
  if (symbols.size() < missing) return false;
  symbols = symbols.first(missing);
  for (std::size_t i = 0; i < missing; ++i) {
    USBGW_ASSERT(symbols[i].row < kRows);
    set_bit(key.rows, symbols[i].row);
    inputs[present + i] = symbols[i].bytes;
  }
  Combination task;
  task.sources = inputs.data();
  task.source_count = set.size();
  task.targets = targets.data();
  task.target_count = missing;
  task.size = size;
  if (uses_plain_row(symbols.front().row, missing)) {
    task.plain = present + 1;
    task.folds = true;
  }
  // One source by row 0 is what remains of a plain sum.
  if (task.plain != set.size()) task.coefficients = find_solution(key, set, symbols).data();
  kernel_.combine(task);
  return true;
}

const BlockSolution& BlockDecoder::find_solution(const Key& key, std::span<const Member> set,
                                                 std::span<const Symbol> symbols) {
  Solution& solution = solutions_[key.hash() & (solutions_.size() - 1)];
  if (solution.key == key) return solution.coefficients;
  std::array<std::uint8_t, kMaxSet> present, missing, rows;
  std::size_t present_count = 0, missing_count = 0;
  for (const Member& member : set) {
    if (member.is_missing)
      missing[missing_count++] = column(member);
    else
      present[present_count++] = column(member);
  }
  for (std::size_t i = 0; i < symbols.size(); ++i)
    rows[i] = static_cast<std::uint8_t>(symbols[i].row);
  const BlockLoss loss{std::span(present).first(present_count),
                       std::span(missing).first(missing_count),
                       std::span(rows).first(symbols.size())};
  solution.key = key;
  solve_block(loss, solution.coefficients);
  ++solved_;
  return solution.coefficients;
}

std::size_t BlockDecoder::Key::hash() const {
  const std::uint64_t mixed = columns[0] * 0x9E3779B97F4A7C15u ^ columns[1] * 0xC2B2AE3D27D4EB4Fu ^
                              rows[0] * 0x165667B19E3779F9u ^ rows[1] * 0x27D4EB2F165667C5u ^
                              missing * 0xD6E8FEB86659FD93u;
  return mixed >> 40;
}

}  // namespace usbgw::fec
