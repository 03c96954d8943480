// Curves of latencies as HdrHistogram draws them: the share of intervals on a scale of nines.
#pragma once

#include <string>
#include <vector>

#include "common/histogram.h"

namespace usbgw::benchmarks {

struct LatencyCurve {
  std::string name;              // without a comma
  std::vector<std::int64_t> ns;  // at latency_share(0), latency_share(1) ...
};

// 1 - 10^(-point / 4): four points from one nine to the next.
[[nodiscard]] double latency_share(std::size_t point);
// As many points as the number of values carries.
[[nodiscard]] std::vector<std::int64_t> latency_curve(const Histogram& latencies);

// Writes FOLDER/timing.csv, and FOLDER/timing.png when gnuplot is installed; gives the file to look
// at, empty when FOLDER cannot be written.
[[nodiscard]] std::string write_latency_plot(const std::vector<LatencyCurve>& curves,
                                             const std::string& folder);

}  // namespace usbgw::benchmarks
