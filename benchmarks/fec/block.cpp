#include "benchmarks/fec/block.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "common/random.h"
#include "fec/coefficients.h"

namespace usbgw::benchmarks {
namespace {

constexpr std::size_t kAlignment = 64;

}  // namespace

void Block::Free::operator()(std::byte* memory) const {
  ::operator delete[](memory, std::align_val_t{kAlignment});
}

Block::Block(const Shape& shape)
    : shape_(shape), stride_((shape.bytes + kAlignment - 1) / kAlignment * kAlignment) {
  const std::size_t regions = shape.sources + 2 * shape.symbols;
  memory_.reset(new (std::align_val_t{kAlignment}) std::byte[regions * stride_]);
  Random random(shape.sources * 1000 + shape.symbols);
  std::generate_n(memory_.get(), regions * stride_,
                  [&] { return static_cast<std::byte>(random.next()); });
  for (std::size_t i = 0; i < shape.sources; ++i) sources_.push_back(region(i));
  for (std::size_t i = 0; i < shape.symbols; ++i) {
    symbols_.push_back(region(shape.sources + i));
    recovered_.push_back(region(shape.sources + shape.symbols + i));
  }
  for (std::size_t source = 0; source < shape.sources; ++source)
    for (unsigned row = 0; row < shape.symbols; ++row)
      coefficients_.push_back(fec::coefficient(row, static_cast<std::int64_t>(source)));
}

void Block::encode(const fec::Kernel& kernel) const {
  fec::Combination task;
  task.sources = sources_.data();
  task.targets = symbols_.data();
  task.coefficients = coefficients_.data();
  task.source_count = task.plain = sources_.size();
  task.target_count = symbols_.size();
  task.size = shape_.bytes;
  kernel.combine(task);
}

Block::Loss Block::lose(std::int64_t first, std::size_t pattern) const {
  const auto [k, m, bytes] = shape_;
  const std::size_t step = pattern >= k && 2 * m <= k ? 2 : 1;
  Loss loss;
  std::size_t lost = 0;
  for (std::size_t i = 0; i < k; ++i) {
    const std::size_t after = (i + k - pattern % k) % k;
    const bool is_missing = after % step == 0 && after / step < m;
    loss.members.push_back({SourceNumber{first + static_cast<std::int64_t>(i)},
                            is_missing ? recovered_[lost++] : region(i), is_missing});
  }
  for (unsigned row = 0; row < m; ++row) loss.symbols.push_back({row, symbols_[row]});
  return loss;
}

bool Block::is_whole(const Loss& loss) const {
  for (std::size_t i = 0; i < sources_.size(); ++i)
    if (std::memcmp(loss.members[i].bytes, sources_[i], shape_.bytes) != 0) return false;
  return true;
}

}  // namespace usbgw::benchmarks
