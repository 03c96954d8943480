// One block shape, raced by every kernel, ISA-L and the probes.
#pragma once

#include <string>
#include <vector>

#include "benchmarks/fec/block.h"
#include "benchmarks/fec/race.h"

namespace usbgw::benchmarks {

struct KernelTimes {  // seconds for a block
  const fec::Kernel* kernel;
  double encode;
  double recover_cached;
  double recover_new;
};

struct ContestResult {
  Shape shape{};
  double isal_encode = 0;
  // The least time for the block, when probed, else 0: every source must be read, every symbol
  // written, and each row needs a product for each source byte. Where the first row is all ones it
  // needs none, which lowers the limit; that is the second.
  double limit = 0;
  double limit_with_plain_row = 0;
  double product_rate = 0;  // bytes a second
  double clock = 0;         // cycles a second
  std::vector<KernelTimes> kernels;
  std::string wrong;  // who computed something wrong
};

[[nodiscard]] ContestResult hold_contest(const Shape& shape, std::span<const fec::Kernel> kernels,
                                         const Effort& effort);

}  // namespace usbgw::benchmarks
