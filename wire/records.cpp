#include "wire/records.h"

#include <algorithm>

#include "wire/stamp.h"

namespace usbgw::wire {
namespace {

constexpr std::uint8_t kResent = 0x01;
constexpr std::uint8_t kCopy = 0x02;
constexpr std::uint8_t kOffsetValid = 0x01;
constexpr std::uint8_t kSecondPath = 0x02;
constexpr std::uint8_t kLastRequest = 0x01;
constexpr std::size_t kRequestBytes = 16;
constexpr std::size_t kClockReportFixed = 4;
constexpr std::size_t kPingBytes = 20;
constexpr std::size_t kPongBytes = 36;
constexpr std::size_t kLossReportBytes = 28;
// Clocks of two machines differ by less than this, or the stamps are nonsense.
constexpr std::int64_t kMaxOffset = kNever.time_since_epoch().count();

constexpr auto kTruncated = WireError::truncated;
constexpr auto kMalformed = WireError::malformed;

bool is_known(std::uint8_t type) {
  return type >= static_cast<std::uint8_t>(RecordType::source) &&
         type <= static_cast<std::uint8_t>(RecordType::request);
}

// Fixed-size bodies: exactly this long.
WireResult<void> check_size(const Record& record, std::size_t size) {
  if (record.body.size() < size) return tl::unexpected(kTruncated);
  if (record.body.size() > size) return tl::unexpected(WireError::trailing_bytes);
  return {};
}

template <std::size_t Fixed>
StreamKey key_of(const HeaderReader<Fixed>& reader) {
  return {StreamId{reader.template load<std::uint16_t, 0>()},
          StreamEpoch{reader.template load<std::uint8_t, 2>()}};
}

void write_header(ByteWriter& writer, RecordType type, unsigned flags, std::size_t body) {
  writer.write<std::uint8_t>(static_cast<std::uint8_t>(type));
  writer.write<std::uint8_t>(static_cast<std::uint8_t>(flags));
  writer.write<std::uint16_t>(static_cast<std::uint16_t>(body));
}

// The first four bytes of every body that belongs to a stream; `fourth` is the record's own.
void write_key(ByteWriter& writer, const StreamKey& key, std::uint8_t fourth) {
  writer.write<std::uint16_t>(key.stream.value());
  writer.write<std::uint8_t>(key.epoch.value());
  writer.write<std::uint8_t>(fourth);
}

// False: a flag or value that the layout forbids.
bool to_offset(std::uint8_t flags, std::uint64_t wire, std::optional<Duration>& offset) {
  const auto value = static_cast<std::int64_t>(wire);
  if ((flags & ~(kOffsetValid | kSecondPath)) != 0 || value > kMaxOffset || value < -kMaxOffset)
    return false;
  if ((flags & kOffsetValid) == 0) return value == 0;
  offset = Duration{value};
  return true;
}

PathId path_of(const Record& record) {
  return (record.flags & kSecondPath) != 0 ? PathId::second : PathId::first;
}

unsigned flags_of(PathId path, bool is_offset_valid = false) {
  return (path == PathId::second ? kSecondPath : 0u) | (is_offset_valid ? kOffsetValid : 0u);
}

std::uint64_t offset_to_wire(const std::optional<Duration>& offset) {
  return static_cast<std::uint64_t>(offset.value_or(Duration{}).count());
}

}  // namespace

WireResult<Record> RecordReader::next() {
  const auto header = HeaderReader<kRecordHeader>::over(rest_);
  if (!header) return tl::unexpected(kTruncated);
  const auto type = header->load<std::uint8_t, 0>();
  const std::size_t length = header->load<std::uint16_t, 2>();
  if (!is_known(type)) return tl::unexpected(WireError::unknown_type);
  if (header->rest().size() < length) return tl::unexpected(kTruncated);
  rest_ = header->rest().subspan(length);
  return Record{static_cast<RecordType>(type), header->load<std::uint8_t, 1>(),
                header->rest().first(length)};
}

WireResult<SourceRecord> SourceRecord::decode(const Record& record) {
  const auto reader = HeaderReader<kSourceFixed>::over(record.body);
  if (!reader) return tl::unexpected(kTruncated);
  if ((record.flags & ~(kResent | kCopy)) != 0 || reader->load<std::uint8_t, 3>() != 0)
    return tl::unexpected(kMalformed);
  return SourceRecord{key_of(*reader), (record.flags & kResent) != 0, (record.flags & kCopy) != 0,
                      reader->load<std::uint32_t, 4>(), reader->rest()};
}

WireResult<RepairRecord> RepairRecord::decode(const Record& record) {
  const auto reader = HeaderReader<kRepairFixed>::over(record.body);
  if (!reader) return tl::unexpected(kTruncated);
  RepairRecord repair;
  repair.key = key_of(*reader);
  repair.row = reader->load<std::uint8_t, 3>();
  repair.count = reader->load<std::uint8_t, 8>();
  if (record.flags != 0 || repair.row >= kRepairRows || repair.count == 0 ||
      repair.count > kMaxRepairSet || reader->load<std::uint8_t, 9>() != 0)
    return tl::unexpected(kMalformed);
  ByteReader rest(reader->rest());
  std::uint32_t distance = 0;
  repair.numbers[0] = reader->load<std::uint32_t, 4>();
  for (std::size_t i = 1; i < repair.count; ++i) {
    const auto step = rest.read<std::uint8_t>();
    if (!rest.ok()) return tl::unexpected(kTruncated);
    distance += step;
    if (step == 0 || distance >= kRepairSpan) return tl::unexpected(kMalformed);
    repair.numbers[i] = repair.numbers[0] + distance;
  }
  repair.symbol = rest.rest();
  return repair;
}

WireResult<AckRecord> AckRecord::decode(const Record& record) {
  const auto reader = HeaderReader<kAckFixed>::over(record.body);
  if (!reader) return tl::unexpected(kTruncated);
  AckRecord ack;
  ack.key = key_of(*reader);
  ack.range_count = reader->load<std::uint8_t, 3>();
  ack.next_expected = reader->load<std::uint32_t, 4>();
  if (record.flags != 0 || ack.range_count > kMaxAckRanges) return tl::unexpected(kMalformed);
  const auto size = check_size(record, kAckFixed + std::size_t{4} * ack.range_count);
  if (!size) return tl::unexpected(size.error());
  ByteReader rest(reader->rest());
  std::uint32_t before =
      0;  // the number right after the last range; next expected itself is missing
  for (std::size_t i = 0; i < ack.range_count; ++i) {
    auto& range = ack.ranges[i];
    range.start = rest.read<std::uint16_t>();
    range.length = rest.read<std::uint16_t>();
    if (range.start <= before || range.length == 0) return tl::unexpected(kMalformed);
    before = std::uint32_t{range.start} + range.length;
  }
  return ack;
}

WireResult<ClockReportRecord> ClockReportRecord::decode(const Record& record) {
  const auto size = check_size(record, kClockReportFixed + kClockReportBytes);
  if (!size) return tl::unexpected(size.error());
  const auto reader = HeaderReader<kClockReportFixed>::over(record.body);
  if (record.flags != 0 || reader->load<std::uint8_t, 3>() != 0) return tl::unexpected(kMalformed);
  return ClockReportRecord{key_of(*reader), reader->rest()};
}

WireResult<PingRecord> PingRecord::decode(const Record& record) {
  const auto size = check_size(record, kPingBytes);
  if (!size) return tl::unexpected(size.error());
  const auto reader = HeaderReader<kPingBytes>::over(record.body);
  const auto sent = stamp_from_wire(reader->load<std::uint64_t, 4>());
  PingRecord ping;
  if (!sent || !to_offset(record.flags, reader->load<std::uint64_t, 12>(), ping.offset))
    return tl::unexpected(kMalformed);
  ping.id = reader->load<std::uint32_t, 0>();
  ping.sent = *sent;
  ping.path = path_of(record);
  return ping;
}

WireResult<PongRecord> PongRecord::decode(const Record& record) {
  const auto size = check_size(record, kPongBytes);
  if (!size) return tl::unexpected(size.error());
  const auto reader = HeaderReader<kPongBytes>::over(record.body);
  const auto ping_sent = stamp_from_wire(reader->load<std::uint64_t, 4>());
  const auto ping_received = stamp_from_wire(reader->load<std::uint64_t, 12>());
  const auto sent = stamp_from_wire(reader->load<std::uint64_t, 20>());
  PongRecord pong;
  if (!ping_sent || !ping_received || !sent ||
      !to_offset(record.flags, reader->load<std::uint64_t, 28>(), pong.offset))
    return tl::unexpected(kMalformed);
  pong.id = reader->load<std::uint32_t, 0>();
  pong.ping_sent = *ping_sent;
  pong.ping_received = *ping_received;
  pong.sent = *sent;
  pong.path = path_of(record);
  return pong;
}

WireResult<LossReportRecord> LossReportRecord::decode(const Record& record) {
  const auto size = check_size(record, kLossReportBytes);
  if (!size) return tl::unexpected(size.error());
  const auto reader = HeaderReader<kLossReportBytes>::over(record.body);
  if (record.flags != 0 || reader->load<std::uint8_t, 3>() != 0) return tl::unexpected(kMalformed);
  return LossReportRecord{key_of(*reader),
                          reader->load<std::uint32_t, 4>(),
                          reader->load<std::uint32_t, 8>(),
                          reader->load<std::uint32_t, 12>(),
                          reader->load<std::uint32_t, 16>(),
                          reader->load<std::uint32_t, 20>(),
                          reader->load<std::uint32_t, 24>()};
}

WireResult<RequestRecord> RequestRecord::decode(const Record& record) {
  const auto size = check_size(record, kRequestBytes);
  if (!size) return tl::unexpected(size.error());
  const auto reader = HeaderReader<kRequestBytes>::over(record.body);
  const auto missing = reader->load<std::uint64_t, 8>();
  if ((record.flags & ~kLastRequest) != 0 || reader->load<std::uint8_t, 3>() != 0 ||
      (missing & 1) == 0)
    return tl::unexpected(kMalformed);
  return RequestRecord{key_of(*reader), (record.flags & kLastRequest) != 0,
                       reader->load<std::uint32_t, 4>(), missing};
}

WireResult<ProbeRecord> ProbeRecord::decode(const Record& record) {
  const auto reader = HeaderReader<kPathProbeFixed>::over(record.body);
  if (!reader) return tl::unexpected(kTruncated);
  if ((record.flags & ~kSecondPath) != 0) return tl::unexpected(kMalformed);
  const auto padding = reader->rest();
  if (record.type == RecordType::probe_answer && !padding.empty())
    return tl::unexpected(WireError::trailing_bytes);
  if (!std::all_of(padding.begin(), padding.end(), [](std::byte b) { return b == std::byte{}; }))
    return tl::unexpected(kMalformed);
  return ProbeRecord{reader->load<std::uint16_t, 0>(), path_of(record)};
}

void encode_source_header(const SourceRecord& source, std::size_t symbol_bytes,
                          ByteWriter& writer) {
  const unsigned flags = (source.is_resent ? kResent : 0u) | (source.is_copy ? kCopy : 0u);
  write_header(writer, RecordType::source, flags, kSourceFixed + symbol_bytes);
  write_key(writer, source.key, 0);
  writer.write<std::uint32_t>(source.number);
}

void encode(const SourceRecord& source, ByteWriter& writer) {
  encode_source_header(source, source.symbol.size(), writer);
  writer.append(source.symbol);
}

void encode_repair_header(const RepairRecord& repair, std::size_t symbol_bytes,
                          ByteWriter& writer) {
  write_header(writer, RecordType::repair, 0, kRepairFixed + repair.count - 1u + symbol_bytes);
  write_key(writer, repair.key, repair.row);
  writer.write<std::uint32_t>(repair.numbers[0]);
  writer.write<std::uint8_t>(repair.count);
  writer.write<std::uint8_t>(0);
  for (std::size_t i = 1; i < repair.count; ++i)
    writer.write<std::uint8_t>(
        static_cast<std::uint8_t>(repair.numbers[i] - repair.numbers[i - 1]));
}

void encode(const RepairRecord& repair, ByteWriter& writer) {
  encode_repair_header(repair, repair.symbol.size(), writer);
  writer.append(repair.symbol);
}

void encode(const AckRecord& ack, ByteWriter& writer) {
  write_header(writer, RecordType::ack, 0, kAckFixed + std::size_t{4} * ack.range_count);
  write_key(writer, ack.key, ack.range_count);
  writer.write<std::uint32_t>(ack.next_expected);
  for (std::size_t i = 0; i < ack.range_count; ++i) {
    writer.write<std::uint16_t>(ack.ranges[i].start);
    writer.write<std::uint16_t>(ack.ranges[i].length);
  }
}

void encode_clock_report_header(const StreamKey& key, ByteWriter& writer) {
  write_header(writer, RecordType::clock_report, 0, kClockReportFixed + kClockReportBytes);
  write_key(writer, key, 0);
}

void encode(const PingRecord& ping, ByteWriter& writer) {
  write_header(writer, RecordType::ping, flags_of(ping.path, ping.offset.has_value()), kPingBytes);
  writer.write<std::uint32_t>(ping.id);
  writer.write<std::uint64_t>(stamp_to_wire(ping.sent));
  writer.write<std::uint64_t>(offset_to_wire(ping.offset));
}

void encode(const PongRecord& pong, ByteWriter& writer) {
  write_header(writer, RecordType::pong, flags_of(pong.path, pong.offset.has_value()), kPongBytes);
  writer.write<std::uint32_t>(pong.id);
  writer.write<std::uint64_t>(stamp_to_wire(pong.ping_sent));
  writer.write<std::uint64_t>(stamp_to_wire(pong.ping_received));
  writer.write<std::uint64_t>(stamp_to_wire(pong.sent));
  writer.write<std::uint64_t>(offset_to_wire(pong.offset));
}

void encode(const LossReportRecord& report, ByteWriter& writer) {
  write_header(writer, RecordType::loss_report, 0, kLossReportBytes);
  write_key(writer, report.key, 0);
  writer.write<std::uint32_t>(report.settled);
  writer.write<std::uint32_t>(report.missing);
  writer.write<std::uint32_t>(report.runs);
  writer.write<std::uint32_t>(report.beyond);
  writer.write<std::uint32_t>(report.longest_run_us);
  writer.write<std::uint32_t>(report.spread_us);
}

void encode(const RequestRecord& request, ByteWriter& writer) {
  write_header(writer, RecordType::request, request.is_last ? kLastRequest : 0u, kRequestBytes);
  write_key(writer, request.key, 0);
  writer.write<std::uint32_t>(request.first);
  writer.write<std::uint64_t>(request.missing);
}

void encode_path_probe_header(const ProbeRecord& probe, std::size_t padding, ByteWriter& writer) {
  write_header(writer, RecordType::path_probe, flags_of(probe.path), kPathProbeFixed + padding);
  writer.write<std::uint16_t>(probe.size);
}

void encode_probe_answer(const ProbeRecord& probe, ByteWriter& writer) {
  write_header(writer, RecordType::probe_answer, flags_of(probe.path), kPathProbeFixed);
  writer.write<std::uint16_t>(probe.size);
}

}  // namespace usbgw::wire
