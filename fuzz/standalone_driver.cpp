// Runs a libFuzzer target without libFuzzer: seeded random inputs, so that every build tries each
// target.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "common/random.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int argc, char** argv) {
  std::uint64_t seed = 1;
  std::uint64_t runs = 1000;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view option = argv[i];
    if (option == "--seed") seed = std::strtoull(argv[i + 1], nullptr, 10);
    if (option == "--runs") runs = std::strtoull(argv[i + 1], nullptr, 10);
  }
  usbgw::Random random(seed);
  std::vector<std::uint8_t> input;
  for (std::uint64_t run = 0; run < runs; ++run) {
    input.resize(random.below(run % 8 == 0 ? 2048 : 64));
    for (auto& byte : input) byte = static_cast<std::uint8_t>(random.below(run % 3 == 0 ? 4 : 256));
    LLVMFuzzerTestOneInput(input.data(), input.size());
  }
  std::printf("%llu inputs, seed %llu, 0 findings\n", static_cast<unsigned long long>(runs),
              static_cast<unsigned long long>(seed));
  return 0;
}
