// How long a sample was away: from the interval that sent its counter IN to the one that brought it
// back OUT. Means something when an application plays what it records.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "common/histogram.h"
#include "common/timeline.h"

namespace usbgw::device::software {

class RoundTrip {
 public:
  // What comes back within `settling` after the first that did is not counted: streams open then,
  // and an application may start over.
  explicit RoundTrip(Duration settling) : settling_(settling) {}

  void sent(std::uint32_t first_counter, std::uint32_t count, Instant when) {
    if (count == 0) return;
    ring_[head_++ % ring_.size()] = {first_counter, count, when};
  }
  void came_back(std::uint32_t counter, Instant when) {
    // Newest first would find long delays slowly; the cursor follows the stream.
    const std::uint64_t oldest = head_ > ring_.size() ? head_ - ring_.size() : 0;
    if (cursor_ < oldest) cursor_ = oldest;
    for (std::uint64_t at = cursor_; at < head_; ++at) {
      const Sent& each = ring_[at % ring_.size()];
      if (counter - each.first >= each.count) continue;
      cursor_ = at;
      if (!counted_from_) counted_from_ = when + settling_;
      if (when >= *counted_from_) histogram_.record((when - each.when).count());
      return;
    }
  }
  void restart() { cursor_ = head_ = 0; }
  [[nodiscard]] const Histogram& histogram() const { return histogram_; }

 private:
  struct Sent {
    std::uint32_t first = 0;
    std::uint32_t count = 0;
    Instant when{};
  };
  std::array<Sent, 8192> ring_{};  // about a second of microframes
  Duration settling_;
  std::optional<Instant> counted_from_;
  std::uint64_t head_ = 0;
  std::uint64_t cursor_ = 0;
  Histogram histogram_;  // ns
};

}  // namespace usbgw::device::software
