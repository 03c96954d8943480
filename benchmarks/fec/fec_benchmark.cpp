// Every kernel and ISA-L, encoding and recovering blocks, with the machine's limit beside them.
//   ./dev bench fec [--check] [--small] [--kernel NAME]
#include <CLI/CLI.hpp>
#include <cstdio>

#include "benchmarks/fec/contest.h"
#include "benchmarks/fec/probe.h"
#include "benchmarks/fec/targets.h"

namespace usbgw::benchmarks {
namespace {

constexpr std::size_t kCodes[][2] = {{4, 1}, {4, 2}, {8, 2}, {8, 4}, {16, 4}, {32, 8}};
constexpr std::size_t kSizes[] = {192, 576, 1440, 8900};

void print_heading() {
  std::printf(
      "GB/s of source data; recovering: as many sources lost as there are symbols.\n"
      "limit: the probe for reading every source, writing every symbol, and one product a source "
      "byte "
      "for each row;\n"
      "limit-1: as that, but none for the first row, which is all ones. nominal: 2 x 64 bytes x "
      "clock "
      "/ rows.\n\n"
      "%-12s %-12s %8s %9s %7s %7s %8s | %8s %8s | %8s %8s\n",
      "block", "kernel", "encode", "ns", "x ISA-L", "% limit", "% limit-1", "known", "x encode",
      "new loss", "x encode");
}

void print(const ContestResult& result) {
  const auto [k, m, bytes] = result.shape;
  const std::string name =
      std::to_string(k) + "+" + std::to_string(m) + " x " + std::to_string(bytes);
  const auto rate = [block = static_cast<double>(k * bytes)](double seconds) {
    return block / seconds / 1e9;
  };
  const auto line = [&](const char* who, double seconds) {
    std::printf("%-12s %-12s %8.1f %9.1f", name.c_str(), who, rate(seconds), 1e9 * seconds);
  };
  if (result.limit > 0) {
    const double row = static_cast<double>(k * bytes * m) / (2 * 64 * result.clock);
    line("nominal", row);
    std::printf("  (clock %.2f GHz)\n", result.clock / 1e9);
    line("limit", result.limit);
    std::printf("  (%.0f GB/s of products)\n", result.product_rate / 1e9);
    line("limit-1", result.limit_with_plain_row);
    std::printf("\n");
  }
  line("ISA-L", result.isal_encode);
  std::printf("\n");
  for (const KernelTimes& times : result.kernels) {
    line(std::string(times.kernel->name).c_str(), times.encode);
    std::printf(" %7.2f %7.0f %9.0f | %8.1f %8.2f | %8.1f %8.2f\n",
                result.isal_encode / times.encode, 100 * result.limit / times.encode,
                100 * result.limit_with_plain_row / times.encode, rate(times.recover_cached),
                times.recover_cached / times.encode, rate(times.recover_new),
                times.recover_new / times.encode);
  }
  if (!result.wrong.empty()) std::printf("WRONG: %s\n", result.wrong.c_str());
  std::fflush(stdout);
}

struct Options {
  bool is_check = false;
  bool is_small = false;
  std::string kernel;
};

// The exit code.
int run(const Options& options) {
  std::span<const fec::Kernel> kernels = fec::kernels();
  if (!options.kernel.empty()) {
    const fec::Kernel* const found = fec::find_kernel(options.kernel);
    if (found == nullptr) {
      std::fprintf(stderr,
                   "fec: no kernel '%s' on this machine; there are:", options.kernel.c_str());
      for (const fec::Kernel& kernel : kernels)
        std::fprintf(stderr, " %s", std::string(kernel.name).c_str());
      std::fprintf(stderr, "\n");
      return 2;
    }
    kernels = std::span(found, 1);
  }
  print_heading();
  bool is_wrong = false;
  std::size_t held = 0;
  std::vector<std::string> missed;
  for (const std::size_t bytes : kSizes)
    for (const auto& [k, m] : kCodes) {
      const ContestResult result =
          hold_contest({k, m, bytes}, kernels, options.is_small ? kSmallEffort : kFullEffort);
      print(result);
      is_wrong |= !result.wrong.empty();
      held += hold_targets(result, missed);
    }
  if (is_wrong) return 1;
  if (options.is_small) return 0;
  if (!has_probes()) {
    std::printf("fec: this machine has no AVX-512 with GFNI, which the targets are for\n");
    return 0;
  }
  for (const std::string& line : missed) std::printf("missed: %s\n", line.c_str());
  std::printf("fec: %zu of %zu targets met by %s\n", held - missed.size(), held,
              std::string(kernels.front().name).c_str());
  return options.is_check && !missed.empty() ? 1 : 0;
}

}  // namespace
}  // namespace usbgw::benchmarks

int main(int argc, char** argv) {
  CLI::App app{"Reed-Solomon kernels against ISA-L and the machine's limit"};
  usbgw::benchmarks::Options options;
  app.add_flag("--check", options.is_check, "exit code 1 when a target is missed");
  app.add_flag("--small", options.is_small, "only to see that all of it works");
  app.add_option("--kernel", options.kernel, "this one alone");
  CLI11_PARSE(app, argc, argv);
  return usbgw::benchmarks::run(options);
}
