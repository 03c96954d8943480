// Chooses a timely stream's repair from its receiver's loss reports: what meets the deadline with
// the least overhead, for the losses of the last seconds. Nothing here touches the network or a
// clock.
//
// Losses are taken for outages of exponential length, over a grid of mean lengths that has
// independent loss as its zero; runs of missing sources say how likely each is. What a candidate
// would miss is the mean over the grid. More overhead is taken when it at least halves the misses,
// until they are few.
#pragma once

#include <array>
#include <cstdint>

#include "dataplane/session/path_monitor.h"
#include "dataplane/session/repair_schedule.h"
#include "dataplane/session/session_limits.h"
#include "wire/records.h"

namespace usbgw::session {

struct RepairChoice {
  RepairPlan plan;
  bool resends = false;  // requests are heeded
  double overhead = 0;   // nominal, without resends

  bool operator==(const RepairChoice&) const = default;
};

class RepairController {
 public:
  // `share`: bytes a second on the wire that the stream may take with its repair, but for resends,
  // which are at most a quarter of its sources; 0: no bound.
  void open(Duration deadline, std::uint64_t share);
  // Losses seen stay counted; a stream of which nothing is known is protected for the new one.
  void set_deadline(Duration deadline);
  void source_sent(std::size_t bytes, Instant now);
  // Cumulative: one that is lost or comes twice does no harm. One that counts fewer than the newest
  // is dropped, and one that comes sooner than a receiver sends them. Without any for a second the
  // stream is protected as at its start.
  void report(const wire::LossReportRecord& report, Instant now, const RoundTrip& round_trip);
  [[nodiscard]] const RepairChoice& choice() const { return choice_; }

 private:
  // Outages' mean lengths, ms.
  static constexpr std::array<double, 6> kOutages{0, 0.3, 0.6, 1, 2, 4};
  static constexpr std::size_t kBins = 600;  // of 0.1 s
  struct Counts {
    std::uint32_t settled = 0;
    std::uint32_t missing = 0;
    std::uint32_t runs = 0;
  };
  struct Bin {
    std::int64_t id = -1;
    Counts counts;
  };
  struct Candidate {
    RepairChoice choice;
    double misses = 0;  // predicted
  };
  using Weights = std::array<double, kOutages.size()>;

  [[nodiscard]] Counts last(Duration duration, Instant now) const;
  [[nodiscard]] Weights weigh(const Counts& counts, double loss) const;
  [[nodiscard]] Candidate best(Instant now, const RoundTrip& round_trip) const;
  [[nodiscard]] Duration latest() const;
  [[nodiscard]] bool is_affordable(const RepairChoice& choice) const;
  // What a stream has of which nothing is known.
  void protect();

  Duration deadline_{};
  std::uint64_t share_ = 0;
  RepairChoice choice_;
  Instant cheaper_since_ = kNever;  // a cheaper choice would have done from then on
  bool has_report_ = false;
  Instant heard_at_{};  // the newest report taken; before any, the first source sent
  wire::LossReportRecord newest_;
  std::array<Bin, kBins> bins_{};
  Instant last_loss_{};  // or the first report
  Duration spread_{};    // of arrivals, as reported
  Instant last_source_{};
  double interval_ms_ = 0;
  double source_bytes_ = 0;
};

}  // namespace usbgw::session
