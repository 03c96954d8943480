// Intel's ISA-L, as its users call it: the yardstick. It uses the same field polynomial, so its
// symbols must be ours, byte for byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "benchmarks/fec/block.h"

namespace usbgw::benchmarks {

class IsalBlock {
 public:
  explicit IsalBlock(const Block& block);
  // ec_encode_data with tables that were made beforehand.
  void encode();
  [[nodiscard]] bool agrees() const;

 private:
  const Block& block_;
  std::vector<std::uint8_t> tables_;
  std::vector<std::byte> memory_;
  std::vector<unsigned char*> sources_;
  std::vector<unsigned char*> symbols_;
};

}  // namespace usbgw::benchmarks
