#include "usbside/device/interval_packer.h"

namespace usbgw::device {

std::size_t IntervalPacker::fitting(std::span<const wire::Interval> intervals) const {
  std::size_t bytes = 0;
  std::size_t count = 0;
  const std::size_t most = std::min(intervals.size(), wire::kMaxIntervals);
  while (count < most) {
    bytes += intervals[count].length;
    if (wire::isochronous_overhead(count + 1, history_.count(), false) + bytes > capacity_) break;
    ++count;
  }
  return count;
}

wire::IsochronousBody IntervalPacker::body_at(std::int64_t first,
                                              std::span<const wire::Interval> intervals,
                                              std::size_t count, Instant end) const {
  wire::IsochronousBody body;
  body.first_index = static_cast<std::uint32_t>(first);
  body.stamp = end - interval_ * static_cast<std::int64_t>(intervals.size() - count);
  body.count = static_cast<std::uint8_t>(count);
  std::copy_n(intervals.begin(), count, body.intervals.begin());
  history_.write_to(body);
  return body;
}

}  // namespace usbgw::device
