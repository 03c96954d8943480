// Every kernel of this machine against the scalar one, over any shape, size, alignment,
// coefficients and bytes. What a kernel touches stands before or behind a page that it may not.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "common/byte_reader.h"
#include "common/random.h"
#include "fec/kernel.h"

namespace {

using namespace usbgw;
using Bytes = std::vector<std::byte>;

constexpr std::size_t kMaxSources = 40;
constexpr std::size_t kMaxTargets = 20;
constexpr std::size_t kMaxSize = 10'000;

// Memory for one region between two pages without access.
class GuardedMemory {
 public:
  GuardedMemory() {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    inner_ = (kMaxSize + page - 1) / page * page;
    void* const mapped =
        mmap(nullptr, inner_ + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) __builtin_trap();
    begin_ = static_cast<std::byte*>(mapped) + page;
    if (mprotect(begin_, inner_, PROT_READ | PROT_WRITE) != 0) __builtin_trap();
  }
  // At the end, or at the beginning: then only what goes before it is caught.
  std::span<std::byte> region(std::size_t size, bool at_end) {
    return {at_end ? begin_ + inner_ - size : begin_, size};
  }

 private:
  std::byte* begin_;
  std::size_t inner_;
};

struct Memory {
  std::array<GuardedMemory, kMaxSources> sources;
  std::array<GuardedMemory, kMaxTargets> targets;
};

// The targets' bytes afterwards.
std::vector<Bytes> combine(const fec::Kernel& kernel, fec::Combination task,
                           std::span<const Bytes> before,
                           std::span<const std::span<std::byte>> regions) {
  std::array<std::byte*, kMaxTargets> targets{};
  for (std::size_t i = 0; i < regions.size(); ++i) {
    std::copy(before[i].begin(), before[i].end(), regions[i].begin());
    targets[i] = regions[i].data();
  }
  task.targets = targets.data();
  kernel.combine(task);
  std::vector<Bytes> after;
  for (const auto& region : regions) after.emplace_back(region.begin(), region.end());
  return after;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Memory memory;
  ByteReader input(std::as_bytes(std::span(data, size)));
  if (size < 16) return 0;
  fec::Combination task;
  task.source_count = input.read<std::uint8_t>() % (kMaxSources + 1);
  task.target_count = 1 + input.read<std::uint8_t>() % kMaxTargets;
  const auto flags = input.read<std::uint8_t>();
  const auto length = input.read<std::uint16_t>();
  // Large ones where the reference is still quick.
  const bool is_large = (flags & 8) != 0 && task.source_count * task.target_count <= 16;
  task.size = length % (is_large ? kMaxSize + 1 : 600);
  task.accumulates = (flags & 1) != 0;
  task.folds = (flags & 2) != 0 && !task.accumulates && task.target_count <= fec::kFusedTargets;
  if ((flags & 4) != 0 && task.source_count != 0)
    task.plain = 1 + input.read<std::uint8_t>() % task.source_count;

  // Contents come from a seed, coefficients from the input as far as it goes.
  Random random(input.read<std::uint64_t>());
  std::array<const std::byte*, kMaxSources> sources{};
  for (std::size_t i = 0; i < task.source_count; ++i) {
    const auto region = memory.sources[i].region(task.size, random.chance(0.7));
    std::generate(region.begin(), region.end(),
                  [&] { return static_cast<std::byte>(random.next()); });
    sources[i] = region.data();
  }
  std::vector<Bytes> before(task.target_count, Bytes(task.size));
  std::vector<std::span<std::byte>> regions;
  for (std::size_t i = 0; i < task.target_count; ++i) {
    regions.push_back(memory.targets[i].region(task.size, random.chance(0.7)));
    for (auto& byte : before[i]) byte = static_cast<std::byte>(random.next());
  }
  std::vector<std::uint8_t> coefficients(task.source_count * task.target_count);
  for (auto& coefficient : coefficients)
    coefficient = input.rest().empty() ? static_cast<std::uint8_t>(random.next())
                                       : input.read<std::uint8_t>();
  task.sources = sources.data();
  task.coefficients = coefficients.data();

  const auto expected = combine(fec::scalar_kernel(), task, before, regions);
  for (const fec::Kernel& kernel : fec::kernels())
    if (combine(kernel, task, before, regions) != expected) __builtin_trap();
  return 0;
}
