#include "usbside/host/lower_envelope.h"

#include <algorithm>
#include <limits>

namespace usbgw::host {

void LowerEnvelope::add(const Point& point) {
  if (added_ > 0 && point.index <= oldest_but(size() - 1).index) return;
  points_[added_ % kCapacity] = point;
  ++added_;
}

void LowerEnvelope::shift(std::size_t end, double by) {
  for (std::size_t number = added_ - size(); number < std::min(end, added_); ++number)
    points_[number % kCapacity].stamp += by;
}

double LowerEnvelope::least(const Point& reference, double per_index) const {
  double least = std::numeric_limits<double>::max();
  for (std::size_t i = 0; i < size(); ++i) {
    const Point& point = oldest_but(i);
    const auto x = static_cast<double>(point.index - reference.index) * per_index;
    least = std::min(least, point.stamp - reference.stamp - x);
  }
  return least;
}

// Andrew's monotone chain, lower half, on residuals from the reference line.
LowerEnvelope::Line LowerEnvelope::fit(const Point& reference, double per_index) const {
  struct Vertex {
    double x;
    double y;
  };
  std::array<Vertex, kCapacity> hull{};
  std::size_t count = 0;
  double mean = 0;
  for (std::size_t i = 0; i < size(); ++i) {
    const Point& point = oldest_but(i);
    const auto x = static_cast<double>(point.index - reference.index) * per_index;
    const Vertex next{x, point.stamp - reference.stamp - x};
    mean += x / static_cast<double>(size());
    while (count >= 2 &&
           (hull[count - 1].x - hull[count - 2].x) * (next.y - hull[count - 2].y) <=
               (hull[count - 1].y - hull[count - 2].y) * (next.x - hull[count - 2].x)) {
      --count;
    }
    hull[count++] = next;
  }
  if (count < 2) return {hull[0].y, 0};
  std::size_t right = 1;
  while (right + 1 < count && hull[right].x < mean) ++right;
  const Vertex& a = hull[right - 1];
  const Vertex& b = hull[right];
  const double slope = (b.y - a.y) / (b.x - a.x);
  return {a.y - slope * a.x, slope};
}

}  // namespace usbgw::host
