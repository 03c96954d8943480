// The receiver's side of repair: keeps the newest sources and the repair symbols that could not be
// used yet, and solves for what is missing by Gauss-Jordan elimination, whatever sets the symbols
// were made over. A copy, a block code and a sliding window are all the same to it. Fixed memory;
// one per stream; not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "common/ids.h"
#include "fec/coefficients.h"
#include "fec/kernel.h"

namespace usbgw::fec {

enum class RepairOutcome : std::uint8_t {
  recovered,  // at least one source: see take_recovered()
  kept,       // waits for more symbols
  useless,    // nothing in its set is missing, or it says what other symbols have said
  too_old,    // a missing source of its set, or the set itself, has left the window
  refused,    // larger than the window's symbols
  malformed,  // the set is empty, not ascending, or wider than kSpan
};

class RepairWindow {
 public:
  // `symbol_bytes`: the largest source. `waiting`: repair symbols kept at most; with one more, the
  // oldest source that any of them could help to recover is given up, and one symbol with it.
  RepairWindow(const Kernel& kernel, std::size_t symbol_bytes, std::size_t waiting);

  // Another stream begins.
  void clear();
  // A source that came by itself. Duplicates and what is older than the window do no harm. May
  // recover others.
  void add_source(SourceNumber number, std::span<const std::byte> bytes);
  RepairOutcome add_repair(unsigned row, std::span<const SourceNumber> set,
                           std::span<const std::byte> symbol);

  struct Recovered {
    SourceNumber number;
    std::span<const std::byte> bytes;  // valid until the next add
  };
  // What elimination has found since the last call; each source once.
  [[nodiscard]] std::optional<Recovered> take_recovered();
  // Symbols that solved to an impossible length: a peer that computes wrongly.
  [[nodiscard]] std::uint64_t inconsistent() const { return inconsistent_; }

 private:
  static constexpr auto kColumns = static_cast<std::size_t>(kSpan);
  using Coefficients = std::array<std::uint8_t, kColumns>;
  // Missing sources' coefficients by column (number mod kSpan); the one at `pivot` is 1, and no
  // other equation has that column.
  struct Equation {
    bool is_used = false;
    Coefficients coefficients{};
    std::size_t pivot = 0;
    std::size_t size = 0;  // of its symbol; what an addition needs beyond is zeros
  };

  [[nodiscard]] static std::size_t column(std::int64_t number) {
    return static_cast<std::size_t>(number & (kSpan - 1));
  }
  [[nodiscard]] bool is_in_window(std::int64_t number) const {
    return number > newest_ - kSpan && number <= newest_;
  }
  [[nodiscard]] std::span<std::byte> source_at(std::size_t column) {
    return {sources_.get() + column * symbol_bytes_, sizes_[column]};
  }
  [[nodiscard]] std::span<std::byte> symbol_of(std::size_t equation) {
    return {symbols_.get() + equation * symbol_bytes_, equations_[equation].size};
  }

  void slide_to(std::int64_t number);
  void forget(std::size_t column);
  void give_up_oldest();
  bool drop_with(std::size_t column);
  void learn(std::int64_t number);  // source_at() holds it: take it out of every equation
  void subtract_known(std::size_t equation, unsigned row, std::span<const SourceNumber> set);
  bool choose_pivot(std::size_t equation);
  void make_pivot(std::size_t equation, std::size_t column);
  void subtract(std::size_t from, std::size_t equation, std::uint8_t factor);
  void add_to_symbol(std::size_t equation, std::span<const std::byte> bytes, std::uint8_t factor);
  void grow(std::size_t equation, std::size_t size);
  void scale(std::size_t equation, std::uint8_t factor);
  bool solve();
  bool accept_solution(std::size_t equation);

  const Kernel& kernel_;
  std::size_t symbol_bytes_;  // with the length
  std::int64_t newest_ = -1;
  std::array<bool, kColumns> known_{};
  std::array<bool, kColumns> is_fresh_{};  // recovered and not yet taken
  std::array<std::size_t, kColumns> sizes_{};
  // Not initialised: a window that nothing is added to touches none of its memory.
  std::unique_ptr<std::byte[]> sources_;  // by column: length, bytes
  std::vector<Equation> equations_;       // one more than may wait
  std::unique_ptr<std::byte[]> symbols_;  // by equation
  std::unique_ptr<std::byte[]> scratch_;  // one symbol
  std::uint64_t inconsistent_ = 0;
};

}  // namespace usbgw::fec
