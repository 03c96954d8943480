#include "benchmarks/fec/race.h"

#include <algorithm>
#include <chrono>
#include <limits>

namespace usbgw::benchmarks {

std::size_t Race::enter(Body body) {
  entrants_.push_back({std::move(body), 1, std::numeric_limits<double>::infinity(), {}});
  return entrants_.size() - 1;
}

double Race::time(const Entrant& entrant) {
  const auto start = std::chrono::steady_clock::now();
  entrant.body(entrant.iterations);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  return elapsed.count();
}

void Race::run(const Effort& effort) {
  for (Entrant& entrant : entrants_) {
    while (time(entrant) < effort.sample_seconds) entrant.iterations *= 2;
  }
  for (std::size_t round = 0; round < effort.rounds; ++round) {
    for (std::size_t sample = 0; sample < effort.samples; ++sample)
      for (Entrant& entrant : entrants_)
        entrant.samples.push_back(time(entrant) / static_cast<double>(entrant.iterations));
    for (Entrant& entrant : entrants_) {
      const auto middle =
          entrant.samples.begin() + static_cast<std::ptrdiff_t>(entrant.samples.size() / 2);
      std::nth_element(entrant.samples.begin(), middle, entrant.samples.end());
      entrant.best = std::min(entrant.best, *middle);
      entrant.samples.clear();
    }
  }
}

}  // namespace usbgw::benchmarks
