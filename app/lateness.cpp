#include "app/lateness.h"

#include <algorithm>

namespace usbgw::app {

void Lateness::record(std::int64_t nanoseconds) {
  histogram_.record(nanoseconds);
  const auto edge = std::lower_bound(kEdges.begin(), kEdges.end(), nanoseconds);
  ++counts_[static_cast<std::size_t>(edge - kEdges.begin())];
}

std::vector<Bar> Lateness::bars() const {
  std::vector<Bar> bars;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    if (counts_[i] > 0) bars.push_back({i < kEdges.size() ? kEdges[i] : 0, counts_[i]});
  }
  return bars;
}

}  // namespace usbgw::app
