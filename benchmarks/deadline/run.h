// One stream over a path that changes: each channel's figures, without what is still settling.
#pragma once

#include <cstdint>
#include <vector>

#include "benchmarks/deadline/channel.h"
#include "simulation/deadline_stream.h"
#include "simulation/repair_schemes.h"

namespace usbgw::benchmarks {

using simulation::Figures;
using simulation::Scheme;

struct SegmentFigures {
  std::size_t channel = 0;
  Figures settled;  // without the first 2 s
  Figures quiet;    // of a clean one: after 60 s
};

// A source of 192 bytes each millisecond.
[[nodiscard]] std::vector<SegmentFigures> run_stream(const Scheme& scheme, Duration deadline,
                                                     const std::vector<Segment>& segments,
                                                     std::uint64_t seed);

}  // namespace usbgw::benchmarks
