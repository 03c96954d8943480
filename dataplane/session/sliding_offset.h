// The minimum of (receive time - send time) between two clocks over about 10 s, following the slow
// drift between them, and the spread above it. A plain minimum lags behind a rising offset (1 ms at
// 100 ppm); so samples are compared by their residual against the estimated drift, which is the
// slope of the lower convex hull of the samples over about 30 s (Moon, Skelly & Towsley 1999).
#pragma once

#include <array>

#include "common/timeline.h"

namespace usbgw::session {

class SlidingOffset {
 public:
  // The offset may be less by up to `doubt`: the minimum takes it as it is, the spread counts only
  // what is certain.
  void add(Instant now, Duration offset, Duration doubt);
  [[nodiscard]] bool empty() const { return newest_ < 0; }
  // Both are for `now` at or a little after the newest sample; zero when empty.
  [[nodiscard]] Duration minimum(Instant now) const;
  [[nodiscard]] Duration spread(Instant now) const;
  [[nodiscard]] double drift_ppm() const { return slope_ * 1e6; }

 private:
  struct Sample {
    Instant time{};
    Duration offset{};
  };
  struct Bucket {
    std::int64_t id = -1;
    Sample least;
    Sample most;
  };
  static constexpr Duration kBucketWidth = std::chrono::milliseconds(500);
  static constexpr std::int64_t kBuckets = 64;        // for the drift
  static constexpr std::int64_t kWindowBuckets = 20;  // for minimum and spread

  void update_slope();
  [[nodiscard]] Duration at(const Sample& sample, Instant now) const;
  template <class Visit>
  void for_each(std::int64_t buckets, Visit&& visit) const;

  std::array<Bucket, kBuckets> buckets_{};
  std::int64_t newest_ = -1;  // bucket id
  double slope_ = 0;          // ns per ns
  bool has_slope_ = false;
};

}  // namespace usbgw::session
