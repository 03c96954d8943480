#include "tests/vm/wire_probe/wire_ledger.h"

#include <algorithm>

namespace usbgw::wire_probe {

// FNV-1a. Datagrams are sealed, so a few bytes of each are as good as random.
std::uint64_t fingerprint(std::span<const std::uint8_t> bytes, std::size_t length) {
  constexpr std::uint64_t kPrime = 0x100000001b3;
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const std::uint8_t byte : bytes) hash = (hash ^ byte) * kPrime;
  return (hash ^ length) * kPrime;
}

void WireLedger::entered(std::uint64_t frame, std::int64_t when_ns) {
  ++entered_;
  inside_[frame].push_back(when_ns);
}

void WireLedger::left(std::uint64_t frame, std::int64_t when_ns) {
  const auto found = inside_.find(frame);
  if (found == inside_.end()) {
    ++unknown_;
    return;
  }
  const std::int64_t came = found->second.front();
  found->second.pop_front();
  if (found->second.empty()) inside_.erase(found);
  if (came < newest_that_left_) ++overtaken_;
  newest_that_left_ = std::max(newest_that_left_, came);
  delays_.push_back(when_ns - came);
}

WireFigures WireLedger::figures(std::int64_t now_ns, std::int64_t patience_ns) const {
  WireFigures out;
  out.entered = entered_;
  out.left = delays_.size();
  out.overtaken = overtaken_;
  out.unknown = unknown_;
  for (const auto& [frame, times] : inside_) {
    for (const std::int64_t came : times) {
      ++(now_ns - came > patience_ns ? out.lost : out.on_its_way);
    }
  }
  if (delays_.empty()) return out;
  std::vector<std::int64_t> sorted = delays_;
  std::sort(sorted.begin(), sorted.end());
  const auto quantile = [&](std::size_t percent) {
    return sorted[(sorted.size() - 1) * percent / 100];
  };
  out.delay_min_ns = sorted.front();
  out.delay_p50_ns = quantile(50);
  out.delay_p99_ns = quantile(99);
  out.delay_max_ns = sorted.back();
  return out;
}

}  // namespace usbgw::wire_probe
