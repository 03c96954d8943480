// One stream through two real sessions over an impaired link under virtual time: which sources were
// there by their deadline, and what the sender added for it.
#pragma once

#include <cstdint>
#include <vector>

#include "benchmarks/deadline/channel.h"
#include "benchmarks/deadline/scheme.h"

namespace usbgw::benchmarks {

struct Figures {
  std::uint64_t sources = 0;
  std::uint64_t misses = 0;
  std::uint64_t repairs = 0;  // repair symbols and resends
  Figures& operator+=(const Figures& other) {
    sources += other.sources;
    misses += other.misses;
    repairs += other.repairs;
    return *this;
  }
  [[nodiscard]] double miss_rate() const {
    return static_cast<double>(misses) / static_cast<double>(sources);
  }
  [[nodiscard]] double overhead() const {
    return static_cast<double>(repairs) / static_cast<double>(sources);
  }
};

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
