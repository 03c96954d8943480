// The repair window against an oracle: dense elimination over all that the window was given. What
// the oracle can determine the window must have recovered, bit for bit, and nothing else.
#include <algorithm>
#include <array>
#include <set>
#include <vector>

#include "common/byte_reader.h"
#include "common/random.h"
#include "fec/repair_encoder.h"
#include "fec/repair_window.h"

namespace {

using namespace usbgw;
using Bytes = std::vector<std::byte>;

constexpr std::size_t kLargest = 40;
constexpr std::size_t kWaiting = 12;
constexpr std::int64_t kNumbers = 1024;

// Equations over source numbers, without their right sides: which numbers they determine does not
// depend on those.
class Oracle {
 public:
  void know(std::int64_t number) {
    newest_ = std::max(newest_, number);
    known_.insert(number);
  }
  void add(unsigned row, std::span<const SourceNumber> set) {
    Row equation(kNumbers);
    for (const SourceNumber number : set) {
      newest_ = std::max(newest_, number.value());
      equation[static_cast<std::size_t>(number.value())] = fec::coefficient(row, number.value());
    }
    equations_.push_back(equation);
  }
  // Reduces everything anew. A number that has left the window takes one equation with it: columns
  // are eliminated in ascending order, so those go first.
  void reduce() {
    const std::int64_t oldest = newest_ - fec::kSpan + 1;
    bool has_found = true;
    while (has_found) {
      has_found = false;
      for (Row& row : equations_)
        for (const std::int64_t number : known_) row[static_cast<std::size_t>(number)] = 0;
      eliminate(oldest);
      for (const Row& row : equations_) {
        const auto terms = std::count_if(row.begin(), row.end(), [](auto c) { return c != 0; });
        if (terms != 1) continue;
        const auto at = std::find_if(row.begin(), row.end(), [](auto c) { return c != 0; });
        has_found |= known_.insert(at - row.begin()).second;
      }
    }
    // The first row is alone in having the oldest number of all.
    if (equations_.size() > kWaiting) equations_.erase(equations_.begin());
  }
  [[nodiscard]] bool knows(std::int64_t number) const { return known_.contains(number); }

 private:
  using Row = std::vector<std::uint8_t>;

  void eliminate(std::int64_t oldest) {
    std::vector<Row> reduced;
    for (std::size_t column = 0; column < static_cast<std::size_t>(kNumbers); ++column) {
      const auto pivot = std::find_if(equations_.begin(), equations_.end(),
                                      [&](const Row& row) { return row[column] != 0; });
      if (pivot == equations_.end()) continue;
      Row chosen = *pivot;
      equations_.erase(pivot);
      const std::uint8_t scale = fec::inverse(chosen[column]);
      for (auto& c : chosen) c = fec::multiply(c, scale);
      for (auto* rows : {&equations_, &reduced})
        for (Row& row : *rows) subtract(row, chosen, row[column]);
      if (static_cast<std::int64_t>(column) >= oldest) reduced.push_back(chosen);
    }
    equations_ = reduced;  // what is left over is all zeros
  }
  static void subtract(Row& row, const Row& chosen, std::uint8_t factor) {
    if (factor == 0) return;
    for (std::size_t i = 0; i < row.size(); ++i) row[i] ^= fec::multiply(chosen[i], factor);
  }

  std::int64_t newest_ = -1;
  std::set<std::int64_t> known_;
  std::vector<Row> equations_;
};

class Trial {
 public:
  void add_source(std::int64_t number) {
    if (number > newest_ - fec::kSpan) {
      oracle_.know(number);
      came_.insert(number);
    }
    newest_ = std::max(newest_, number);
    window_.add_source(SourceNumber{number}, truth(number));
    settle();
  }

  void add_repair(unsigned row, std::span<const SourceNumber> set) {
    std::vector<Bytes> bytes;
    std::vector<fec::Source> sources;
    for (const SourceNumber number : set) bytes.push_back(truth(number.value()));
    for (std::size_t i = 0; i < set.size(); ++i) sources.push_back({set[i], bytes[i]});
    Bytes symbol(fec::repair_bytes(sources));
    fec::encode_repair(fec::scalar_kernel(), row, sources, symbol);
    const auto outcome = window_.add_repair(row, set, symbol);
    if (outcome == fec::RepairOutcome::malformed) __builtin_trap();
    if (outcome == fec::RepairOutcome::too_old) {
      newest_ = std::max(newest_, set.back().value());
      if (set.front().value() > newest_ - fec::kSpan) __builtin_trap();
      return;
    }
    newest_ = std::max(newest_, set.back().value());
    if (outcome == fec::RepairOutcome::refused) __builtin_trap();
    oracle_.add(row, set);
    settle();
  }

 private:
  static Bytes truth(std::int64_t number) {
    Random random(static_cast<std::uint64_t>(number));
    Bytes bytes(1 + random.below(kLargest));
    for (auto& byte : bytes) byte = static_cast<std::byte>(random.next());
    return bytes;
  }

  void settle() {
    while (const auto recovered = window_.take_recovered()) {
      const std::int64_t number = recovered->number.value();
      const Bytes expected = truth(number);
      if (!std::equal(expected.begin(), expected.end(), recovered->bytes.begin(),
                      recovered->bytes.end()))
        __builtin_trap();
      if (came_.contains(number) || !recovered_.insert(number).second) __builtin_trap();
    }
    oracle_.reduce();
    for (std::int64_t n = std::max<std::int64_t>(0, newest_ - fec::kSpan + 1); n <= newest_; ++n)
      if (oracle_.knows(n) != (came_.contains(n) || recovered_.contains(n))) __builtin_trap();
    if (window_.inconsistent() != 0) __builtin_trap();
  }
  Oracle oracle_;
  fec::RepairWindow window_{fec::kernels().front(), kLargest, kWaiting};
  std::int64_t newest_ = -1;
  std::set<std::int64_t> came_, recovered_;
};

}  // namespace

// Each step: a kind, a number near the last one, and for a repair its row and its set's distances.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader input(std::as_bytes(std::span(data, std::min<std::size_t>(size, 600))));
  Trial trial;
  std::int64_t next = 0;
  while (!input.rest().empty()) {
    const auto kind = input.read<std::uint8_t>();
    next = std::clamp<std::int64_t>(
        next + static_cast<std::int8_t>(input.read<std::uint8_t>()) / 8 + 1, 0, kNumbers - 200);
    if ((kind & 1) == 0) {
      trial.add_source(next);
      continue;
    }
    std::array<SourceNumber, fec::kMaxSet> set;
    const std::size_t count = 1 + (kind >> 1) % 8;
    const auto row = input.read<std::uint8_t>() % fec::kRows;
    std::int64_t number = next;
    for (std::size_t i = 0; i < count; ++i) {
      set[i] = SourceNumber{number};
      number += 1 + (kind >> 4) % 4;
    }
    trial.add_repair(row, std::span(set).first(count));
  }
  return 0;
}
