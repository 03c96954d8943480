#include "wire/clock_report.h"

#include <algorithm>
#include <limits>

#include "common/byte_reader.h"
#include "wire/stamp.h"

namespace usbgw::wire {
namespace {

// A margin or lead beyond the field's range says no more than the range's end does.
template <class Field>
Field saturate(Duration duration) {
  return static_cast<Field>(std::clamp<Duration::rep>(
      duration.count(), std::numeric_limits<Field>::min(), std::numeric_limits<Field>::max()));
}

}  // namespace

WireResult<ClockReport> ClockReport::decode(std::span<const std::byte> bytes) {
  const auto reader = HeaderReader<kClockReportBytes>::over(bytes);
  if (!reader) return tl::unexpected(WireError::truncated);
  if (!reader->rest().empty()) return tl::unexpected(WireError::trailing_bytes);
  const auto stamp = stamp_from_wire(reader->load<std::uint64_t, 4>());
  if (!stamp) return tl::unexpected(WireError::malformed);
  ClockReport report;
  report.index = reader->load<std::uint32_t, 0>();
  report.stamp = *stamp;
  report.submitted_ahead = Duration{reader->load<std::uint32_t, 12>()};
  report.least_margin = Duration{static_cast<std::int32_t>(reader->load<std::uint32_t, 16>())};
  report.late = reader->load<std::uint32_t, 20>();
  report.missing = reader->load<std::uint32_t, 24>();
  return report;
}

WireResult<std::size_t> encode(const ClockReport& report, std::span<std::byte> to) {
  auto writer = HeaderWriter<kClockReportBytes>::over(to);
  if (!writer) return tl::unexpected(WireError::too_large);
  if (!is_stamp(report.stamp)) return tl::unexpected(WireError::malformed);
  writer->store<std::uint32_t, 0>(report.index);
  writer->store<std::uint64_t, 4>(stamp_to_wire(report.stamp));
  writer->store<std::uint32_t, 12>(saturate<std::uint32_t>(report.submitted_ahead));
  writer->store<std::uint32_t, 16>(
      static_cast<std::uint32_t>(saturate<std::int32_t>(report.least_margin)));
  writer->store<std::uint32_t, 20>(report.late);
  writer->store<std::uint32_t, 24>(report.missing);
  return kClockReportBytes;
}

}  // namespace usbgw::wire
