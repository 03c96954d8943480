// Times several ways to do one thing against each other on a machine that others use too: they take
// turns of some microseconds, so that what disturbs one disturbs all, and the best of a few medians
// counts.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace usbgw::benchmarks {

struct Effort {
  std::size_t rounds;
  std::size_t samples;  // of a round, whose median is taken
  double sample_seconds;
};
inline constexpr Effort kFullEffort{60, 3, 12e-6};
inline constexpr Effort kSmallEffort{1, 1, 1e-6};

class Race {
 public:
  using Body = std::function<void(std::size_t iterations)>;

  // Returns the entrant's index.
  std::size_t enter(Body body);
  void run(const Effort& effort);
  // Of one iteration.
  [[nodiscard]] double seconds(std::size_t entrant) const { return entrants_[entrant].best; }

 private:
  struct Entrant {
    Body body;
    std::size_t iterations = 1;
    double best = 0;
    std::vector<double> samples;
  };
  static double time(const Entrant& entrant);

  std::vector<Entrant> entrants_;
};

}  // namespace usbgw::benchmarks
