#include "benchmarks/timing/latency_plot.h"

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace usbgw::benchmarks {
namespace {

constexpr std::size_t kPoints = 25;  // six nines
constexpr double kLeastTail = 10;    // values beyond the last point, or it says nothing

constexpr const char* kPlot = R"(set terminal pngcairo size 1100,560
set output 'timing.png'
set datafile separator ','
set key outside right top
set key autotitle columnhead
set grid
set logscale x
set xrange [1:*]
set xlabel 'share of intervals'
set ylabel 'ms later than on a local bus'
set yrange [0:*]
set xtics ('0 %%' 1, '90 %%' 10, '99 %%' 100, '99.9 %%' 1000, '99.99 %%' 10000, '99.999 %%' 100000, \
           '99.9999 %%' 1000000)
)";

// One column a curve; the first is 1 / (1 - share).
bool write_table(const std::vector<LatencyCurve>& curves, const std::filesystem::path& path) {
  std::ofstream table(path);
  table << "one_in";
  for (const LatencyCurve& curve : curves) table << ",\"" << curve.name << '"';
  table << '\n';
  for (std::size_t point = 0; point < kPoints; ++point) {
    table << 1 / (1 - latency_share(point));
    for (const LatencyCurve& curve : curves) {
      table << ',';
      if (point < curve.ns.size()) table << static_cast<double>(curve.ns[point]) * 1e-6;
    }
    table << '\n';
  }
  return static_cast<bool>(table.flush());
}

}  // namespace

double latency_share(std::size_t point) {
  return 1 - std::pow(10.0, -static_cast<double>(point) / 4);
}

std::vector<std::int64_t> latency_curve(const Histogram& latencies) {
  std::vector<std::int64_t> curve;
  const auto count = static_cast<double>(latencies.count());
  for (std::size_t point = 0; point < kPoints; ++point) {
    const double share = latency_share(point);
    if (count * (1 - share) < kLeastTail) break;
    curve.push_back(latencies.quantile(share));
  }
  return curve;
}

std::string write_latency_plot(const std::vector<LatencyCurve>& curves, const std::string& folder) {
  const std::filesystem::path path(folder);
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error || !write_table(curves, path / "timing.csv")) return {};
  std::ofstream(path / "timing.gnuplot") << kPlot << "plot for [i=2:" << curves.size() + 1
                                         << "] 'timing.csv' using 1:i with lines lw 2\n";
  const std::string command = "cd '" + path.string() + "' && gnuplot timing.gnuplot 2>/dev/null";
  const bool is_drawn = std::system(command.c_str()) == 0;
  return (path / (is_drawn ? "timing.png" : "timing.csv")).string();
}

}  // namespace usbgw::benchmarks
