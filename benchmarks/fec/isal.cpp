#include "benchmarks/fec/isal.h"

#include <isa-l/erasure_code.h>

#include <algorithm>
#include <cstring>

namespace usbgw::benchmarks {
namespace {

constexpr std::size_t kTableBytes = 32;  // for each coefficient (erasure_code.h)

}  // namespace

IsalBlock::IsalBlock(const Block& block) : block_(block) {
  const auto [k, m, bytes] = block.shape();
  std::vector<std::uint8_t> matrix(k * m);  // row by row
  for (std::size_t row = 0; row < m; ++row)
    for (std::size_t source = 0; source < k; ++source)
      matrix[row * k + source] = block.coefficients()[source * m + row];
  tables_.resize(kTableBytes * k * m);
  ec_init_tables(static_cast<int>(k), static_cast<int>(m), matrix.data(), tables_.data());
  const std::size_t stride = (bytes + 63) / 64 * 64;
  memory_.resize((m + 1) * stride);
  auto* const aligned = reinterpret_cast<unsigned char*>(
      (reinterpret_cast<std::uintptr_t>(memory_.data()) + 63) / 64 * 64);
  for (const std::byte* source : block.sources())
    sources_.push_back(reinterpret_cast<unsigned char*>(const_cast<std::byte*>(source)));
  for (std::size_t row = 0; row < m; ++row) symbols_.push_back(aligned + row * stride);
}

void IsalBlock::encode() {
  const auto [k, m, bytes] = block_.shape();
  ec_encode_data(static_cast<int>(bytes), static_cast<int>(k), static_cast<int>(m), tables_.data(),
                 sources_.data(), symbols_.data());
}

bool IsalBlock::agrees() const {
  for (std::size_t row = 0; row < symbols_.size(); ++row)
    if (std::memcmp(symbols_[row], block_.symbols()[row], block_.shape().bytes) != 0) return false;
  return true;
}

}  // namespace usbgw::benchmarks
