// What the path does, segment by segment: the loss, the round trip and the jitter change at once.
#pragma once

#include <string>
#include <vector>

#include "simulation/impairment.h"

namespace usbgw::benchmarks {

struct Channel {
  std::string name;
  double loss = 0;        // independent or of outages
  Duration outage{};      // mean; zero: losses are independent
  Duration round_trip{};  // the fastest
  Duration jitter{};      // J, of each direction

  [[nodiscard]] bool is_clean() const { return loss == 0; }
  [[nodiscard]] simulation::ImpairmentProfile profile() const;
  // What no scheme on a single path is below: loss * exp(-D / b) + loss^2, at D - J. Negative:
  // D - J leaves no time for anything.
  [[nodiscard]] double floor(Duration deadline) const;
};

struct Segment {
  std::size_t channel = 0;  // in channels()
  Duration length{};
};

// Every loss with every round trip and jitter; the clean ones last.
[[nodiscard]] const std::vector<Channel>& channels();
// All lossy channels in an order of the seed's, with the clean ones between.
[[nodiscard]] std::vector<Segment> make_segments(std::uint64_t seed, Duration lossy,
                                                 Duration clean);

}  // namespace usbgw::benchmarks
