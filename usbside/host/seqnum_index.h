// Seqnum to ledger slot: a fixed open-addressing table (linear probing, deletion by shifting back),
// so that lookups neither allocate nor slow down with age.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace usbgw::host {

class SeqnumIndex {
 public:
  static constexpr std::uint16_t kNone = 0xFFFF;

  // `capacity`: most entries at once, a power of two.
  explicit SeqnumIndex(std::size_t capacity) : cells_(capacity * 4), mask_(capacity * 4 - 1) {}

  [[nodiscard]] std::uint16_t find(std::uint32_t seqnum) const {
    for (std::size_t at = home(seqnum); cells_[at].slot != kNone; at = (at + 1) & mask_) {
      if (cells_[at].seqnum == seqnum) return cells_[at].slot;
    }
    return kNone;
  }
  // `seqnum` must not be there yet.
  void insert(std::uint32_t seqnum, std::uint16_t slot) {
    std::size_t at = home(seqnum);
    while (cells_[at].slot != kNone) at = (at + 1) & mask_;
    cells_[at] = {seqnum, slot};
  }
  void erase(std::uint32_t seqnum) {
    std::size_t hole = home(seqnum);
    while (cells_[hole].slot != kNone && cells_[hole].seqnum != seqnum) hole = (hole + 1) & mask_;
    if (cells_[hole].slot == kNone) return;
    for (std::size_t at = (hole + 1) & mask_; cells_[at].slot != kNone; at = (at + 1) & mask_) {
      const std::size_t distance = (at - home(cells_[at].seqnum)) & mask_;
      if (distance < ((at - hole) & mask_)) continue;  // would move before its home
      cells_[hole] = cells_[at];
      hole = at;
    }
    cells_[hole].slot = kNone;
  }

 private:
  struct Cell {
    std::uint32_t seqnum = 0;
    std::uint16_t slot = kNone;
  };
  // Seqnums count up, so their low bits spread well by themselves.
  [[nodiscard]] std::size_t home(std::uint32_t seqnum) const { return seqnum & mask_; }

  std::vector<Cell> cells_;
  std::size_t mask_;
};

}  // namespace usbgw::host
