#include "benchmarks/fec/targets.h"

#include <cstdarg>
#include <cstdio>

namespace usbgw::benchmarks {
namespace {

constexpr double kOverIsalFrom4 = 3.2;     // m >= 4, from 576 bytes
constexpr double kOverIsalTo2 = 2;         // m <= 2, from 576 bytes
constexpr double kShareOfLimit = 0.85;     // m >= 4 at 1440 bytes
constexpr double kSmallBlock = 25e-9;      // 8+4 x 192 bytes
constexpr double kCachedOverEncode = 1.5;  // from 1440 bytes
constexpr double kNewOverEncode = 3;       // from 1440 bytes

__attribute__((format(printf, 1, 2))) std::string text(const char* format, ...) {
  char line[160];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  return line;
}

}  // namespace

std::size_t hold_targets(const ContestResult& result, std::vector<std::string>& missed) {
  std::size_t held = 0;
  const auto [k, m, bytes] = result.shape;
  const KernelTimes& best = result.kernels.front();
  const auto hold = [&, k = k, m = m, bytes = bytes](bool is_met, const std::string& what) {
    ++held;
    if (!is_met) missed.push_back(text("%zu+%zu x %zu: ", k, m, bytes) + what);
  };
  const double over_isal = result.isal_encode / best.encode;
  const double wanted = m <= 2 ? kOverIsalTo2 : kOverIsalFrom4;
  if (bytes >= 576) hold(over_isal >= wanted, text("%.2f x ISA-L, wanted %.1f", over_isal, wanted));
  const double share = result.limit / best.encode;
  if (m >= 4 && bytes == 1440)
    hold(share >= kShareOfLimit, text("%.0f %% of the limit (one product a row), wanted %.0f",
                                      100 * share, 100 * kShareOfLimit));
  if (k == 8 && m == 4 && bytes == 192)
    hold(best.encode <= kSmallBlock,
         text("%.1f ns, wanted %.0f", 1e9 * best.encode, 1e9 * kSmallBlock));
  const double cached = best.recover_cached / best.encode;
  const double uncached = best.recover_new / best.encode;
  if (bytes >= 1440) {
    hold(cached <= kCachedOverEncode,
         text("recovering with a known loss %.2f x encoding, wanted %.1f", cached,
              kCachedOverEncode));
    hold(uncached <= kNewOverEncode,
         text("recovering with a new loss %.2f x encoding, wanted %.1f", uncached, kNewOverEncode));
  }
  return held;
}

}  // namespace usbgw::benchmarks
