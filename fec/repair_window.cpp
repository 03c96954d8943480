#include "fec/repair_window.h"

#include <algorithm>

#include "common/assertion.h"
#include "common/byte_order.h"
#include "fec/repair_encoder.h"

namespace usbgw::fec {
namespace {

bool is_set(std::span<const SourceNumber> set) {
  if (set.empty() || set.size() > kMaxSet || set.front().value() < 0) return false;
  const auto descends = [](SourceNumber a, SourceNumber b) { return a >= b; };
  return std::adjacent_find(set.begin(), set.end(), descends) == set.end() &&
         set.back().value() - set.front().value() < kSpan;
}

}  // namespace

RepairWindow::RepairWindow(const Kernel& kernel, std::size_t symbol_bytes, std::size_t waiting)
    : kernel_(kernel),
      symbol_bytes_(kLengthBytes + symbol_bytes),
      sources_(std::make_unique_for_overwrite<std::byte[]>(kColumns * symbol_bytes_)),
      equations_(waiting + 1),
      symbols_(std::make_unique_for_overwrite<std::byte[]>((waiting + 1) * symbol_bytes_)),
      scratch_(std::make_unique_for_overwrite<std::byte[]>(symbol_bytes_)) {}

void RepairWindow::clear() {
  newest_ = -1;
  known_.fill(false);
  is_fresh_.fill(false);
  for (Equation& equation : equations_) equation.is_used = false;
}

void RepairWindow::add_source(SourceNumber number, std::span<const std::byte> bytes) {
  const std::int64_t n = number.value();
  if (n < 0 || n <= newest_ - kSpan || kLengthBytes + bytes.size() > symbol_bytes_) return;
  slide_to(n);
  if (known_[column(n)]) return;
  sizes_[column(n)] = kLengthBytes + bytes.size();
  const auto place = source_at(column(n));
  store_be<std::uint16_t>(place.data(), static_cast<std::uint16_t>(bytes.size()));
  std::copy(bytes.begin(), bytes.end(), place.begin() + kLengthBytes);
  learn(n);
  solve();
}

RepairOutcome RepairWindow::add_repair(unsigned row, std::span<const SourceNumber> set,
                                       std::span<const std::byte> symbol) {
  if (!is_set(set) || row >= kRows || symbol.size() < kLengthBytes) return RepairOutcome::malformed;
  if (symbol.size() > symbol_bytes_) return RepairOutcome::refused;
  if (set.back().value() <= newest_ - kSpan) return RepairOutcome::too_old;
  slide_to(set.back().value());
  for (const SourceNumber number : set)
    if (!is_in_window(number.value())) return RepairOutcome::too_old;
  // The usual symbol: nothing is missing, and it costs nothing.
  if (std::all_of(set.begin(), set.end(),
                  [&](SourceNumber number) { return known_[column(number.value())]; }))
    return RepairOutcome::useless;

  const auto free = std::find_if(equations_.begin(), equations_.end(),
                                 [](const Equation& e) { return !e.is_used; });
  USBGW_ASSERT(free != equations_.end());
  const auto index = static_cast<std::size_t>(free - equations_.begin());
  free->size = symbol.size();
  std::copy(symbol.begin(), symbol.end(), symbol_of(index).begin());
  subtract_known(index, row, set);
  for (std::size_t i = 0; i < equations_.size(); ++i)
    if (equations_[i].is_used) subtract(i, index, free->coefficients[equations_[i].pivot]);
  if (!choose_pivot(index)) return RepairOutcome::useless;
  if (solve()) return RepairOutcome::recovered;
  give_up_oldest();
  return RepairOutcome::kept;
}

// Makes the equation the missing sources': those known leave it, in one pass over what all of them
// have and then each with what it has more.
void RepairWindow::subtract_known(std::size_t equation, unsigned row,
                                  std::span<const SourceNumber> set) {
  equations_[equation].coefficients.fill(0);
  std::array<const std::byte*, kMaxSet> sources;
  std::array<std::uint8_t, kMaxSet> factors;
  std::array<std::size_t, kMaxSet> columns;
  std::size_t count = 0;
  std::size_t shortest = symbol_bytes_;
  for (const SourceNumber number : set) {
    const std::size_t c = column(number.value());
    const std::uint8_t factor = coefficient(row, number.value());
    if (!known_[c]) {
      equations_[equation].coefficients[c] = factor;
      continue;
    }
    shortest = std::min(shortest, sizes_[c]);
    sources[count] = source_at(c).data();
    factors[count] = factor;
    columns[count++] = c;
  }
  if (count == 0) return;
  grow(equation, shortest);
  std::byte* const symbol = symbol_of(equation).data();
  Combination task;
  task.sources = sources.data();
  task.targets = &symbol;
  task.coefficients = factors.data();
  task.source_count = count;
  task.target_count = 1;
  task.size = shortest;
  task.accumulates = true;
  task.plain = row == 0 ? count : 0;
  kernel_.combine(task);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t size = sizes_[columns[i]];
    grow(equation, size);
    kernel_.multiply_add(symbol_of(equation).subspan(shortest, size - shortest),
                         source_at(columns[i]).subspan(shortest), factors[i]);
  }
}

std::optional<RepairWindow::Recovered> RepairWindow::take_recovered() {
  for (std::int64_t n = std::max<std::int64_t>(0, newest_ - kSpan + 1); n <= newest_; ++n) {
    const std::size_t c = column(n);
    if (!is_fresh_[c]) continue;
    is_fresh_[c] = false;
    const auto place = source_at(c);
    return Recovered{SourceNumber{n},
                     place.subspan(kLengthBytes, load_be<std::uint16_t>(place.data()))};
  }
  return std::nullopt;
}

void RepairWindow::slide_to(std::int64_t number) {
  if (number <= newest_) return;
  const std::int64_t first = std::max(newest_ + 1, number - kSpan + 1);
  for (std::int64_t n = first; n <= number; ++n) forget(column(n));
  newest_ = number;
}

// The column gets a new owner.
void RepairWindow::forget(std::size_t column) {
  known_[column] = is_fresh_[column] = false;
  drop_with(column);
}

// Room for one more symbol, at the price of the source that is due first.
void RepairWindow::give_up_oldest() {
  if (!std::all_of(equations_.begin(), equations_.end(),
                   [](const Equation& e) { return e.is_used; }))
    return;
  std::int64_t oldest = std::max<std::int64_t>(0, newest_ - kSpan + 1);
  while (!drop_with(column(oldest))) ++oldest;
}

// Drops one equation that has the column, after which the others do without it. What they determine
// they would have determined before, so there is nothing to solve then.
bool RepairWindow::drop_with(std::size_t column) {
  const auto found = std::find_if(equations_.begin(), equations_.end(), [&](const Equation& e) {
    return e.is_used && e.coefficients[column] != 0;
  });
  if (found == equations_.end()) return false;
  make_pivot(static_cast<std::size_t>(found - equations_.begin()), column);
  found->is_used = false;
  return true;
}

void RepairWindow::learn(std::int64_t number) {
  const std::size_t c = column(number);
  known_[c] = true;
  for (std::size_t i = 0; i < equations_.size(); ++i) {
    Equation& equation = equations_[i];
    if (!equation.is_used || equation.coefficients[c] == 0) continue;
    add_to_symbol(i, source_at(c), equation.coefficients[c]);
    equation.coefficients[c] = 0;
    if (equation.pivot == c) choose_pivot(i);
  }
}

// False, and the equation is free again, when nothing in it is missing.
bool RepairWindow::choose_pivot(std::size_t equation) {
  Equation& chosen = equations_[equation];
  const auto found = std::find_if(chosen.coefficients.begin(), chosen.coefficients.end(),
                                  [](std::uint8_t c) { return c != 0; });
  chosen.is_used = found != chosen.coefficients.end();
  if (!chosen.is_used) return false;
  make_pivot(equation, static_cast<std::size_t>(found - chosen.coefficients.begin()));
  return true;
}

// Makes the column the equation's own: 1 there, and taken out of all others.
void RepairWindow::make_pivot(std::size_t equation, std::size_t column) {
  equations_[equation].pivot = column;
  scale(equation, inverse(equations_[equation].coefficients[column]));
  for (std::size_t i = 0; i < equations_.size(); ++i)
    if (i != equation && equations_[i].is_used)
      subtract(equation, i, equations_[i].coefficients[column]);
}

// equation -= factor * from; in GF(2^8) the same as adding.
void RepairWindow::subtract(std::size_t from, std::size_t equation, std::uint8_t factor) {
  if (factor == 0) return;
  kernel_.multiply_add(std::as_writable_bytes(std::span(equations_[equation].coefficients)),
                       std::as_bytes(std::span(equations_[from].coefficients)), factor);
  add_to_symbol(equation, symbol_of(from), factor);
}

void RepairWindow::add_to_symbol(std::size_t equation, std::span<const std::byte> bytes,
                                 std::uint8_t factor) {
  grow(equation, bytes.size());
  kernel_.multiply_add(symbol_of(equation).first(bytes.size()), bytes, factor);
}

void RepairWindow::grow(std::size_t equation, std::size_t size) {
  const std::size_t before = equations_[equation].size;
  if (size <= before) return;
  equations_[equation].size = size;
  const auto added = symbol_of(equation).subspan(before);
  std::fill(added.begin(), added.end(), std::byte{});
}

void RepairWindow::scale(std::size_t equation, std::uint8_t factor) {
  if (factor == 1) return;
  for (auto& c : equations_[equation].coefficients) c = multiply(c, factor);
  const auto symbol = symbol_of(equation);
  std::copy(symbol.begin(), symbol.end(), scratch_.get());
  std::fill(symbol.begin(), symbol.end(), std::byte{});
  kernel_.multiply_add(symbol, {scratch_.get(), symbol.size()}, factor);
}

// In reduced form a source is determined exactly when its equation has no other.
bool RepairWindow::solve() {
  bool has_found = false;
  for (std::size_t i = 0; i < equations_.size(); ++i) {
    const Equation& equation = equations_[i];
    if (!equation.is_used) continue;
    const auto terms = std::count_if(equation.coefficients.begin(), equation.coefficients.end(),
                                     [](std::uint8_t c) { return c != 0; });
    if (terms == 1) has_found |= accept_solution(i);
  }
  return has_found;
}

bool RepairWindow::accept_solution(std::size_t equation) {
  equations_[equation].is_used = false;
  const std::size_t c = equations_[equation].pivot;
  const auto symbol = symbol_of(equation);
  const std::size_t size = kLengthBytes + load_be<std::uint16_t>(symbol.data());
  if (size > symbol.size()) {
    ++inconsistent_;
    return false;
  }
  sizes_[c] = size;
  std::copy_n(symbol.begin(), size, source_at(c).begin());
  known_[c] = is_fresh_[c] = true;
  return true;
}

}  // namespace usbgw::fec
