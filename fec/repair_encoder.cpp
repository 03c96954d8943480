#include "fec/repair_encoder.h"

#include <algorithm>
#include <array>

#include "common/assertion.h"
#include "common/byte_order.h"
#include "fec/coefficients.h"

namespace usbgw::fec {
namespace {

// Of the rows that are used most, so that a block needs no arithmetic for its coefficients.
constexpr unsigned kTableRows = 32;
using CoefficientTable =
    std::array<std::array<std::uint8_t, kTableRows>, static_cast<std::size_t>(kSpan)>;

constexpr CoefficientTable make_table() {
  CoefficientTable table{};
  for (std::size_t column = 0; column < table.size(); ++column)
    for (unsigned row = 0; row < kTableRows; ++row)
      table[column][row] = coefficient(row, static_cast<std::int64_t>(column));
  return table;
}

constexpr CoefficientTable kTable = make_table();

void write_coefficients(std::uint8_t* to, std::int64_t source, unsigned first_row,
                        std::size_t rows) {
  if (first_row + rows <= kTableRows) {
    std::copy_n(kTable[static_cast<std::size_t>(source & (kSpan - 1))].begin() + first_row, rows,
                to);
    return;
  }
  for (unsigned i = 0; i < rows; ++i) to[i] = coefficient(first_row + i, source);
}

// A set in the order of a block's work, the longest source first: those that reach beyond some byte
// are then the first ones.
struct Ordered {
  std::array<const Source*, kMaxSet> sources;
  std::array<std::array<std::byte, kLengthBytes>, kMaxSet> lengths;
  std::array<std::uint8_t, kMaxSet * kMaxSet> coefficients;

  Ordered(std::span<const Source> set, unsigned first_row, std::size_t rows) {
    std::size_t count = 0;
    for (const Source& source : set) {
      std::size_t place = count++;
      for (; place != 0 && sources[place - 1]->bytes.size() < source.bytes.size(); --place)
        sources[place] = sources[place - 1];
      sources[place] = &source;
    }
    for (std::size_t i = 0; i < count; ++i) {
      write_coefficients(&coefficients[i * rows], sources[i]->number.value(), first_row, rows);
      store_be<std::uint16_t>(lengths[i].data(),
                              static_cast<std::uint16_t>(sources[i]->bytes.size()));
    }
  }
};

}  // namespace

std::size_t repair_bytes(std::span<const Source> set) {
  std::size_t longest = 0;
  for (const Source& source : set) longest = std::max(longest, source.bytes.size());
  return kLengthBytes + longest;
}

std::size_t encode_repairs(const Kernel& kernel, unsigned first_row, std::span<const Source> set,
                           std::span<std::byte* const> to) {
  USBGW_ASSERT(!set.empty() && set.size() <= kMaxSet && !to.empty() && to.size() <= kMaxSet);
  USBGW_ASSERT(first_row + to.size() <= kRows);
  USBGW_ASSERT(set.back().number.value() - set.front().number.value() < kSpan);
  const Ordered ordered(set, first_row, to.size());
  std::array<const std::byte*, kMaxSet> sources;
  std::array<std::byte*, kMaxSet> targets;
  Combination task;
  task.sources = sources.data();
  task.targets = targets.data();
  task.coefficients = ordered.coefficients.data();
  task.target_count = to.size();
  // `size` bytes of the first `count` sources, to what stands at `offset`.
  const auto combine = [&](std::size_t count, std::size_t offset, std::size_t size) {
    for (std::size_t i = 0; i < to.size(); ++i) targets[i] = to[i] + offset;
    task.source_count = count;
    task.plain = first_row == 0 ? count : 0;
    task.size = size;
    kernel.combine(task);
  };
  for (std::size_t i = 0; i < set.size(); ++i) sources[i] = ordered.lengths[i].data();
  combine(set.size(), 0, kLengthBytes);

  std::size_t done = 0;
  for (std::size_t count = set.size(); count != 0; --count) {
    const std::size_t end = ordered.sources[count - 1]->bytes.size();
    if (end == done) continue;
    for (std::size_t i = 0; i < count; ++i) sources[i] = ordered.sources[i]->bytes.data() + done;
    combine(count, kLengthBytes + done, end - done);
    done = end;
  }
  return kLengthBytes + done;
}

std::size_t encode_repair(const Kernel& kernel, unsigned row, std::span<const Source> set,
                          std::span<std::byte> to) {
  USBGW_ASSERT(to.size() >= repair_bytes(set));
  std::byte* const target = to.data();
  return encode_repairs(kernel, row, set, std::span(&target, 1));
}

}  // namespace usbgw::fec
