#include "dataplane/session/sliding_offset.h"

#include <algorithm>

namespace usbgw::session {
namespace {

// Two crystals of 100 ppm each, the worst that USB and Ethernet allow.
constexpr double kMaxSlope = 200e-6;
constexpr double kSmoothing = 1.0 / 8;
// Below this span, jitter at the ends would pass for drift.
constexpr Duration kMinSpan = std::chrono::seconds(5);

struct Point {
  double time;
  double value;
};

double slope_between(const Point& a, const Point& b) {
  return (b.value - a.value) / (b.time - a.time);
}

}  // namespace

template <class Visit>
void SlidingOffset::for_each(std::int64_t buckets, Visit&& visit) const {
  for (std::int64_t id = std::max<std::int64_t>(0, newest_ - buckets + 1); id <= newest_; ++id) {
    const Bucket& bucket = buckets_[static_cast<std::size_t>(id % kBuckets)];
    if (bucket.id == id) visit(bucket);
  }
}

void SlidingOffset::add(Instant now, Duration offset, Duration doubt) {
  const std::int64_t id = now.time_since_epoch() / kBucketWidth;
  if (id < newest_) return;  // time does not run backwards
  const bool is_first_of_bucket = id != newest_;
  if (is_first_of_bucket && newest_ >= 0) update_slope();
  newest_ = id;
  Bucket& bucket = buckets_[static_cast<std::size_t>(id % kBuckets)];
  const Sample sample{now, offset};
  const Sample certain{now, offset - doubt};
  if (is_first_of_bucket) bucket = Bucket{id, sample, certain};
  if (sample.offset < bucket.least.offset) bucket.least = sample;
  if (certain.offset > bucket.most.offset) bucket.most = certain;
}

// The edge of the lower hull below the middle of the window minimises the summed distance.
void SlidingOffset::update_slope() {
  std::array<Point, kBuckets> hull{};
  std::size_t size = 0;
  Instant first{};
  for_each(kBuckets, [&](const Bucket& bucket) {
    if (size == 0) first = bucket.least.time;
    const Point point{static_cast<double>((bucket.least.time - first).count()),
                      static_cast<double>(bucket.least.offset.count())};
    while (size >= 2 &&
           slope_between(hull[size - 2], hull[size - 1]) >= slope_between(hull[size - 1], point))
      --size;
    hull[size++] = point;
  });
  const double span = hull[size - 1].time;
  if (size < 2 || span < static_cast<double>(kMinSpan.count())) return;
  std::size_t edge = 1;
  while (edge + 1 < size && hull[edge].time < span / 2) ++edge;
  const double slope = std::clamp(slope_between(hull[edge - 1], hull[edge]), -kMaxSlope, kMaxSlope);
  slope_ = has_slope_ ? slope_ + (slope - slope_) * kSmoothing : slope;
  has_slope_ = true;
}

Duration SlidingOffset::at(const Sample& sample, Instant now) const {
  const double drift = slope_ * static_cast<double>((now - sample.time).count());
  return sample.offset + Duration{static_cast<Duration::rep>(drift)};
}

Duration SlidingOffset::minimum(Instant now) const {
  Duration least = Duration::max();
  for_each(kWindowBuckets,
           [&](const Bucket& bucket) { least = std::min(least, at(bucket.least, now)); });
  return empty() ? Duration{} : least;
}

Duration SlidingOffset::spread(Instant now) const {
  Duration most = Duration::min();
  for_each(kWindowBuckets,
           [&](const Bucket& bucket) { most = std::max(most, at(bucket.most, now)); });
  return empty() ? Duration{} : std::max(most - minimum(now), Duration{});
}

}  // namespace usbgw::session
