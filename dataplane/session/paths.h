// The one or two paths of a session (docs/decisions/0016): each has its own pings, MTU probes and
// share of what arrives. Together they are one path as slow as the slower of them, so that playout
// which counts on it does not notice when either is gone.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "dataplane/session/path_ledger.h"
#include "dataplane/session/path_monitor.h"
#include "dataplane/session/path_probe.h"
#include "dataplane/session/session.h"

namespace usbgw::session {

struct Path {
  explicit Path(const SessionConfig& config)
      : monitor(config.ping_interval), probe(config.initial_payload, config.max_payload) {}

  PathMonitor monitor;
  PathProbe probe;
  std::optional<std::uint16_t> probe_to_answer;
  Instant blocked_until{};  // its port had no room for what concerns this path alone

  [[nodiscard]] Instant next_deadline() const;
};

class Paths {
 public:
  explicit Paths(const SessionConfig& config);

  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] bool are_two() const { return count_ == 2; }
  [[nodiscard]] Path& operator[](PathId path) { return paths_[index_of(path)]; }
  [[nodiscard]] const Path& operator[](PathId path) const { return paths_[index_of(path)]; }
  [[nodiscard]] std::span<Path> all() { return std::span(paths_).first(count_); }
  [[nodiscard]] std::span<const Path> all() const { return std::span(paths_).first(count_); }

  // Every turn, before what follows is asked.
  void update(Instant now);
  // It answers pings.
  [[nodiscard]] bool is_answering(PathId path) const { return is_answering_[index_of(path)]; }
  // What is sent goes there: it has answered, and not too long ago. The first path also when
  // neither has.
  [[nodiscard]] bool carries(PathId path) const { return carries_[index_of(path)]; }

  // Of both: the slower one's delay each way, and the jitter above it.
  [[nodiscard]] const PathEstimate& estimate() const {
    return are_two() ? combined_ : paths_[0].monitor.estimate();
  }
  // For requests: the least is the faster path's, the rest allows for the slower one's.
  [[nodiscard]] RoundTrip round_trip() const;
  [[nodiscard]] Duration retransmit_timeout() const;
  // How much later the slower path would have brought what `path` has brought now.
  [[nodiscard]] Duration lag(PathId path) const;
  // Of every path, dead ones too: one that is back must carry what is sent then.
  [[nodiscard]] std::size_t payload() const;
  [[nodiscard]] Instant next_deadline() const;

  PathLedger ledger;

 private:
  struct Behind {  // the second path, by how much: negative, it is ahead
    Duration inbound{};
    Duration outbound{};
  };
  void note_silence(Instant now);
  void compare();
  void combine(Instant now);
  // One that answers and is measured.
  [[nodiscard]] std::optional<PathId> lead() const;
  template <class Visit>
  void for_each_measured(Visit&& visit) const;

  std::array<Path, kMaxPaths> paths_;
  std::size_t count_;
  std::array<bool, kMaxPaths> is_answering_{};
  std::array<bool, kMaxPaths> carries_{true, false};
  // As it was when both answered. The clocks at the two ends drift, this difference does not.
  std::optional<Behind> behind_;
  PathEstimate combined_;
  std::optional<Instant> measured_since_;
};

}  // namespace usbgw::session
