// One stream through two real sessions over an impaired link under virtual time: which sources were
// there by their deadline, and what the sender added for it. D counts from the fastest arrival;
// arrival at exactly D is in time.
#pragma once

#include <cstdint>
#include <memory>

#include "dataplane/session/session.h"
#include "simulation/impairment.h"

namespace usbgw::simulation {

struct DeadlineStreamConfig {
  session::RepairOptions repair;
  Duration deadline{};
  Duration interval = std::chrono::milliseconds(1);  // between two sources
  std::size_t source_bytes = 192;
  std::uint64_t seed = 1;
};

struct Figures {
  std::uint64_t sources = 0;
  std::uint64_t misses = 0;
  std::uint64_t repairs = 0;  // repair symbols and resends
  // Misses come in runs: the sum of the squares of how many follow each other.
  std::uint64_t run_squares = 0;
  std::uint64_t wire_bytes = 0;  // of the sender's IPv4 packets

  Figures& operator+=(const Figures& other) {
    sources += other.sources;
    misses += other.misses;
    repairs += other.repairs;
    run_squares += other.run_squares;
    wire_bytes += other.wire_bytes;
    return *this;
  }
  [[nodiscard]] double miss_rate() const {
    return static_cast<double>(misses) / static_cast<double>(sources);
  }
  [[nodiscard]] double overhead() const {
    return static_cast<double>(repairs) / static_cast<double>(sources);
  }
};

class DeadlineStream {
 public:
  explicit DeadlineStream(const DeadlineStreamConfig& config);
  ~DeadlineStream();
  DeadlineStream(const DeadlineStream&) = delete;
  DeadlineStream& operator=(const DeadlineStream&) = delete;

  // The path is so from now on, each way; its trace outlives the stream.
  void begin(const ImpairmentProfile& profile);
  // Sources sent from now on count in `figures`, as do the repairs sent. It outlives finish().
  void run(Duration length, Figures& figures);
  // Until every source has come or missed its deadline.
  void finish();

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace usbgw::simulation
