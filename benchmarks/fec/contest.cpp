#include "benchmarks/fec/contest.h"

#include <algorithm>

#include "benchmarks/fec/isal.h"
#include "benchmarks/fec/probe.h"
#include "fec/coefficients.h"

namespace usbgw::benchmarks {
namespace {

constexpr std::size_t kProductRounds = 16;
constexpr std::size_t kSolutions = 32;

double bytes_of(const Shape& shape) {
  return static_cast<double>(shape.sources * shape.bytes);
}

// Compilers may not keep a block's result for the next iteration.
template <class Once>
Race::Body repeat(Once once) {
  return [once](std::size_t iterations) {
    for (std::size_t i = 0; i < iterations; ++i) {
      once(i);
      asm volatile("" ::: "memory");
    }
  };
}

// One kernel's three entries.
class Entry {
 public:
  Entry(const fec::Kernel& kernel, const Block& block, Race& race)
      : kernel_(kernel), decoder_(kernel, kSolutions) {
    // Every first number once: more losses than the decoder remembers, so each is new to it. The
    // symbols are those of number 0; the time does not depend on what they say.
    for (std::size_t i = 0; i < static_cast<std::size_t>(fec::kSpan); ++i)
      losses_.push_back(block.lose(static_cast<std::int64_t>(i), i));
    encode_ = race.enter(repeat([&](std::size_t) { block.encode(kernel); }));
    cached_ = race.enter(repeat([this, &block](std::size_t) { recover(block, losses_[0]); }));
    new_ = race.enter(
        repeat([this, &block](std::size_t) { recover(block, losses_[next_++ % losses_.size()]); }));
  }
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

  [[nodiscard]] bool is_right(const Block& block) {
    block.encode(kernel_);
    for (std::size_t pattern = 0; pattern < 2 * block.shape().sources; ++pattern) {
      const Block::Loss loss = block.lose(0, pattern);
      recover(block, loss);
      if (!block.is_whole(loss)) return false;
    }
    return true;
  }
  [[nodiscard]] KernelTimes times(const Race& race) const {
    return {&kernel_, race.seconds(encode_), race.seconds(cached_), race.seconds(new_)};
  }

 private:
  void recover(const Block& block, const Block::Loss& loss) {
    decoder_.recover(loss.members, loss.symbols, block.shape().bytes);
  }

  const fec::Kernel& kernel_;
  fec::BlockDecoder decoder_;
  std::vector<Block::Loss> losses_;
  std::size_t next_ = 0;
  std::size_t encode_, cached_, new_;
};

}  // namespace

ContestResult hold_contest(const Shape& shape, std::span<const fec::Kernel> kernels,
                           const Effort& effort) {
  const Block block(shape);
  IsalBlock isal(block);
  Race race;
  const std::size_t clock = race.enter([](std::size_t iterations) { probe_additions(iterations); });
  std::size_t traffic = 0, products = 0;
  if (has_probes()) {
    traffic = race.enter(
        repeat([&](std::size_t) { probe_traffic(block.sources(), block.symbols(), shape.bytes); }));
    products = race.enter(repeat([](std::size_t) { probe_products(kProductRounds); }));
  }
  const std::size_t isal_encode = race.enter(repeat([&](std::size_t) { isal.encode(); }));
  std::vector<std::unique_ptr<Entry>> entries;
  for (const fec::Kernel& kernel : kernels)
    entries.push_back(std::make_unique<Entry>(kernel, block, race));
  race.run(effort);

  ContestResult result;
  result.shape = shape;
  result.isal_encode = race.seconds(isal_encode);
  result.clock = static_cast<double>(kAdditionsPerRound) / race.seconds(clock);
  if (has_probes()) {
    result.product_rate = kProductRounds * kProductBytesPerRound / race.seconds(products);
    const double row = bytes_of(shape) / result.product_rate;
    const auto m = static_cast<double>(shape.symbols);
    result.limit = std::max(race.seconds(traffic), m * row);
    result.limit_with_plain_row = std::max(race.seconds(traffic), (m - 1) * row);
  }
  for (std::size_t i = 0; i < kernels.size(); ++i) {
    result.kernels.push_back(entries[i]->times(race));
    if (!entries[i]->is_right(block)) result.wrong += std::string(kernels[i].name) + " ";
    isal.encode();
    if (!isal.agrees()) result.wrong += std::string(kernels[i].name) + " or ISA-L ";
  }
  return result;
}

}  // namespace usbgw::benchmarks
