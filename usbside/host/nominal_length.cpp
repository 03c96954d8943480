#include "usbside/host/nominal_length.h"

#include <algorithm>
#include <numeric>

namespace usbgw::host {
namespace {

// Long enough to average an asynchronous device's +-1 frame, short enough to follow its crystal.
constexpr std::uint32_t kMemory = 4096;

}  // namespace

void NominalLength::observe(std::uint32_t length) {
  observed_ = std::min(observed_ + 1, kMemory);
  average_ += (static_cast<double>(length) - average_) / observed_;
  common_divisor_ = std::gcd(common_divisor_, length);
}

std::uint32_t NominalLength::next() {
  const std::uint32_t unit = std::max(frame_bytes(), 1u);
  owed_ += average_;
  const auto units = static_cast<std::uint32_t>(owed_ / unit + 1e-6);
  owed_ -= static_cast<double>(units) * unit;
  return units * unit;
}

}  // namespace usbgw::host
