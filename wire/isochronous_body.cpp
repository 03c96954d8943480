#include "wire/isochronous_body.h"

#include <algorithm>

#include "common/byte_reader.h"
#include "wire/stamp.h"

namespace usbgw::wire {
namespace {

constexpr std::uint8_t kFragment = 0x01;
constexpr std::uint8_t kLastFragment = 0x02;
constexpr std::uint8_t kUniformHistory = 0x04;
constexpr std::uint8_t kBeginsTransfer = 0x08;
constexpr std::uint8_t kKnownFlags = kFragment | kLastFragment | kUniformHistory | kBeginsTransfer;

bool is_interval(const Interval& interval) {
  if (interval.state == IntervalState::device_gap) return interval.length == 0;
  return interval.state == IntervalState::ok || interval.state == IntervalState::error;
}

// What decode and encode both demand before they look at the payload.
bool is_shape(const IsochronousBody& body) {
  if (body.count == 0 || body.count > kMaxIntervals || body.history_count > kMaxHistory)
    return false;
  if (!body.is_fragment) return !body.is_last_fragment && body.fragment_offset == 0;
  return body.count == 1;
}

// The payload of a fragment is not empty, lies inside its interval, and the last one ends it.
WireResult<void> check_fragment(const IsochronousBody& body) {
  const std::size_t end = body.fragment_offset + body.payload.size();
  const std::size_t length = body.intervals[0].length;
  const bool fits = !body.payload.empty() && (body.is_last_fragment ? end == length : end < length);
  if (!fits) return tl::unexpected(WireError::malformed);
  return {};
}

WireResult<void> check_payload(const IsochronousBody& body) {
  if (body.is_fragment) return check_fragment(body);
  std::size_t sum = 0;
  for (std::size_t i = 0; i < body.count; ++i) sum += body.intervals[i].length;
  if (body.payload.size() < sum) return tl::unexpected(WireError::truncated);
  if (body.payload.size() > sum) return tl::unexpected(WireError::trailing_bytes);
  return {};
}

WireResult<void> check_intervals(const IsochronousBody& body) {
  const auto end = body.intervals.begin() + body.count;
  if (!std::all_of(body.intervals.begin(), end, is_interval))
    return tl::unexpected(WireError::malformed);
  return check_payload(body);
}

bool is_uniform(const IsochronousBody& body) {
  const auto end = body.history.begin() + body.history_count;
  return body.history_count > 0 &&
         std::all_of(body.history.begin(), end,
                     [&](std::uint16_t length) { return length == body.history[0]; });
}

void read_intervals(ByteReader& reader, IsochronousBody& body) {
  for (std::size_t i = 0; i < body.count; ++i) {
    body.intervals[i].length = reader.read<std::uint16_t>();
    body.intervals[i].state = static_cast<IntervalState>(reader.read<std::uint8_t>());
  }
}

void read_history(ByteReader& reader, bool uniform, IsochronousBody& body) {
  std::uint16_t length = uniform ? reader.read<std::uint16_t>() : std::uint16_t{0};
  for (std::size_t i = 0; i < body.history_count; ++i) {
    if (!uniform) length = reader.read<std::uint16_t>();
    body.history[i] = length;
  }
}

void write_history(ByteWriter& writer, bool uniform, const IsochronousBody& body) {
  const std::size_t written = uniform ? 1 : body.history_count;
  for (std::size_t i = 0; i < written; ++i) writer.write<std::uint16_t>(body.history[i]);
}

std::uint8_t flags_of(const IsochronousBody& body, bool uniform) {
  unsigned flags = 0;
  if (body.is_fragment) flags |= kFragment;
  if (body.is_last_fragment) flags |= kLastFragment;
  if (uniform) flags |= kUniformHistory;
  if (body.begins_transfer) flags |= kBeginsTransfer;
  return static_cast<std::uint8_t>(flags);
}

}  // namespace

WireResult<IsochronousBody> IsochronousBody::decode(std::span<const std::byte> bytes) {
  const auto header = HeaderReader<kIsochronousFixed>::over(bytes);
  if (!header) return tl::unexpected(WireError::truncated);
  const auto stamp = stamp_from_wire(header->load<std::uint64_t, 4>());
  const auto flags = header->load<std::uint8_t, 13>();
  if (!stamp || (flags & ~kKnownFlags) != 0) return tl::unexpected(WireError::malformed);

  IsochronousBody body;
  body.first_index = header->load<std::uint32_t, 0>();
  body.stamp = *stamp;
  body.count = header->load<std::uint8_t, 12>();
  body.is_fragment = (flags & kFragment) != 0;
  body.is_last_fragment = (flags & kLastFragment) != 0;
  body.begins_transfer = (flags & kBeginsTransfer) != 0;
  body.fragment_offset = header->load<std::uint16_t, 14>();
  body.history_count = header->load<std::uint8_t, 16>();
  const bool uniform = (flags & kUniformHistory) != 0;
  if (!is_shape(body) || (uniform && body.history_count == 0))
    return tl::unexpected(WireError::malformed);

  ByteReader reader(header->rest());
  read_intervals(reader, body);
  read_history(reader, uniform, body);
  if (!reader.ok()) return tl::unexpected(WireError::truncated);
  body.payload = reader.rest();
  return check_intervals(body).map([&] { return body; });
}

std::size_t isochronous_overhead(std::size_t count, std::size_t history, bool uniform) {
  const std::size_t lengths = uniform ? std::min<std::size_t>(history, 1) : history;
  return kIsochronousFixed + 3 * count + 2 * lengths;
}

WireResult<std::size_t> encode(const IsochronousBody& body, std::span<std::byte> to) {
  if (!is_shape(body) || !is_stamp(body.stamp)) return tl::unexpected(WireError::malformed);
  if (const auto checked = check_intervals(body); !checked) return tl::unexpected(checked.error());
  const bool uniform = is_uniform(body);
  ByteWriter writer(to);
  writer.write<std::uint32_t>(body.first_index);
  writer.write<std::uint64_t>(stamp_to_wire(body.stamp));
  writer.write<std::uint8_t>(body.count);
  writer.write<std::uint8_t>(flags_of(body, uniform));
  writer.write<std::uint16_t>(body.fragment_offset);
  writer.write<std::uint8_t>(body.history_count);
  for (std::size_t i = 0; i < body.count; ++i) {
    writer.write<std::uint16_t>(body.intervals[i].length);
    writer.write<std::uint8_t>(static_cast<std::uint8_t>(body.intervals[i].state));
  }
  write_history(writer, uniform, body);
  writer.append(body.payload);
  if (!writer.ok()) return tl::unexpected(WireError::too_large);
  return writer.used();
}

}  // namespace usbgw::wire
