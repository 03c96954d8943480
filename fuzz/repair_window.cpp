// The repair decoder under any symbols over any sets: bounded, and only ever gives sizes that fit.
#include "fec/repair_window.h"

#include <algorithm>
#include <array>

#include "common/byte_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace usbgw;
  constexpr std::size_t kLargest = 16;
  fec::RepairWindow window(fec::scalar_kernel(), kLargest, 8);
  ByteReader input(std::as_bytes(std::span(data, size)));
  while (!input.rest().empty()) {
    const auto kind = input.read<std::uint8_t>();
    const std::int64_t number = input.read<std::uint8_t>() + std::int64_t{kind & 0xF0} * 16;
    const auto length = std::min<std::size_t>(input.read<std::uint8_t>() % 24, input.rest().size());
    if ((kind & 1) == 0) {
      window.add_source(SourceNumber{number}, input.take(length));
    } else {
      std::array<SourceNumber, 4> set;
      for (std::size_t i = 0; i < set.size(); ++i)
        set[i] = SourceNumber{number + static_cast<std::int64_t>(i) * (kind >> 2 & 3)};
      static_cast<void>(
          window.add_repair(kind, std::span(set).first(1 + (kind >> 1 & 3)), input.take(length)));
    }
    while (const auto recovered = window.take_recovered())
      if (recovered->bytes.size() > kLargest) __builtin_trap();
  }
  return 0;
}
