// The line that lies under all of a few points and as near to them as it can: for stamps that are
// late or right, never early, it is the bus clock, whatever its rate.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace usbgw::host {

class LowerEnvelope {
 public:
  static constexpr std::size_t kCapacity = 64;

  struct Point {
    std::int64_t index = 0;
    double stamp = 0;  // ns
  };
  struct Line {
    double height = 0;  // ns above the reference line at its newest point's index
    double slope = 0;   // ns per ns of the reference line
  };

  // In order of index; an older one is left out. The oldest gives way.
  void add(const Point& point);
  void clear() { added_ = 0; }
  // Moves the points added before number `end` in time.
  void shift(std::size_t end, double by);
  // How many were added since clear(); numbers points for shift().
  [[nodiscard]] std::size_t added() const { return added_; }
  [[nodiscard]] std::size_t size() const { return added_ < kCapacity ? added_ : kCapacity; }

  // Both relative to the line through `reference` that rises by `per_index`; at least one point.
  // Among the lines under all points, the one with the least sum of distances: that edge of their
  // lower hull which lies under their mean (Moon, Skelly, Towsley, INFOCOM 1999).
  [[nodiscard]] Line fit(const Point& reference, double per_index) const;
  // The same with the slope held.
  [[nodiscard]] double least(const Point& reference, double per_index) const;

 private:
  [[nodiscard]] const Point& oldest_but(std::size_t i) const {
    return points_[(added_ - size() + i) % kCapacity];
  }

  std::array<Point, kCapacity> points_{};  // ring
  std::size_t added_ = 0;
};

}  // namespace usbgw::host
