// The records inside a sealed datagram, in any number and order. Decoding looks at the bytes in
// place and allocates nothing; spans point into the datagram. Offsets below are within a record's
// body, network byte order.
//
// record         0 u8 type | 1 u8 flags | 2 u16 body length | 4 body
// source         0 u16 stream | 2 u8 epoch | 3 u8 zero | 4 u32 source number | 8 symbol
//                flags: bit 0 resent, bit 1 delayed copy
// repair         0 u16 stream | 2 u8 epoch | 3 u8 row 0..127 | 4 u32 first source number
//                8 u8 count k, 1..kMaxRepairSet | 9 u8 zero | 10 u8[k-1] distances, each from the
//                member before, sum below kRepairSpan | then the combined symbol (docs, "Repair")
// ack            0 u16 stream | 2 u8 epoch | 3 u8 ranges r, 0..kMaxAckRanges
//                4 u32 next expected source number: all before it have come
//                8 r times: u16 start (from next expected, above 0), u16 length (above 0), in order
//                  and apart
// clock report   0 u16 stream | 2 u8 epoch | 3 u8 zero | 4 u8[28] wire/clock_report.h
// ping           0 u32 id | 4 u64 sent | 12 s64 offset: the sender's minimum of (its receive time -
//                our send time), 0 unless flags bit 0 says that it is valid
// pong           0 u32 id | 4 u64 ping sent | 12 u64 ping received | 20 u64 sent | 28 s64 offset
//                (as in a ping)
// loss report    0 u16 stream | 2 u8 epoch | 3 u8 zero | 4 u32 settled | 8 u32 missing
//                12 u32 runs | 16 u32 missing in longer runs | 20 u32 longest run, µs
//                24 u32 spread, µs
// path probe     0 u16 size of this datagram's UDP payload | 2 zeros
// probe answer   0 u16 size as probed
//                flags of these four: bit 1 of the second path (session_message.h, Hello)
// request        0 u16 stream | 2 u8 epoch | 3 u8 zero | 4 u32 first missing source number
//                8 u64 missing: bit i is first + i; bit 0 is set
//                flags: bit 0 last: send each twice
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "common/byte_reader.h"
#include "common/ids.h"
#include "common/path_estimate.h"
#include "common/timeline.h"
#include "wire/clock_report.h"
#include "wire/wire_error.h"

namespace usbgw::wire {

inline constexpr std::size_t kRecordHeader = 4;
inline constexpr std::size_t kSourceFixed = 8;
inline constexpr std::size_t kRepairFixed = 10;
inline constexpr std::size_t kAckFixed = 8;
inline constexpr std::size_t kPathProbeFixed = 2;

inline constexpr std::size_t kMaxRepairSet = 32;
// Source numbers of one set lie within this span, so that their columns differ
// (fec/coefficients.h).
inline constexpr std::uint32_t kRepairSpan = 128;
inline constexpr std::uint8_t kRepairRows = 128;
inline constexpr std::size_t kMaxAckRanges = 32;

enum class RecordType : std::uint8_t {
  source = 1,
  repair = 2,
  ack = 3,
  clock_report = 4,
  ping = 5,
  pong = 6,
  loss_report = 7,
  path_probe = 8,
  probe_answer = 9,
  request = 10,
};

struct Record {
  RecordType type{};
  std::uint8_t flags = 0;
  std::span<const std::byte> body;
};

// Walks the records of one opened datagram.
class RecordReader {
 public:
  explicit RecordReader(std::span<const std::byte> records) : rest_(records) {}
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  // Not at_end(). After an error there is no next record.
  [[nodiscard]] WireResult<Record> next();

 private:
  std::span<const std::byte> rest_;
};

// Which opening of which stream a record belongs to.
struct StreamKey {
  StreamId stream;
  StreamEpoch epoch;
  bool operator==(const StreamKey&) const = default;
};

struct SourceRecord {
  StreamKey key;
  bool is_resent = false;
  bool is_copy = false;
  std::uint32_t number = 0;
  std::span<const std::byte> symbol;
  [[nodiscard]] static WireResult<SourceRecord> decode(const Record& record);
};

struct RepairRecord {
  StreamKey key;
  std::uint8_t row = 0;
  std::uint8_t count = 0;
  std::array<std::uint32_t, kMaxRepairSet> numbers{};  // ascending (they may wrap)
  std::span<const std::byte> symbol;
  [[nodiscard]] static WireResult<RepairRecord> decode(const Record& record);
};

struct AckRange {
  std::uint16_t start = 0;  // from next_expected
  std::uint16_t length = 0;
  bool operator==(const AckRange&) const = default;
};

struct AckRecord {
  StreamKey key;
  std::uint32_t next_expected = 0;
  std::uint8_t range_count = 0;
  std::array<AckRange, kMaxAckRanges> ranges{};
  [[nodiscard]] static WireResult<AckRecord> decode(const Record& record);
};

struct ClockReportRecord {
  StreamKey key;
  std::span<const std::byte> report;  // kClockReportBytes, not looked into
  [[nodiscard]] static WireResult<ClockReportRecord> decode(const Record& record);
};

struct PingRecord {
  std::uint32_t id = 0;
  Instant sent{};
  std::optional<Duration> offset;
  PathId path = PathId::first;
  [[nodiscard]] static WireResult<PingRecord> decode(const Record& record);
};

struct PongRecord {
  std::uint32_t id = 0;
  Instant ping_sent{};
  Instant ping_received{};
  Instant sent{};
  std::optional<Duration> offset;
  PathId path = PathId::first;
  [[nodiscard]] static WireResult<PongRecord> decode(const Record& record);
};

// Of a timely stream, before repair. Counts are since its opening and wrap.
struct LossReportRecord {
  StreamKey key;
  std::uint32_t settled = 0;  // sources that came, or can be of no use any more
  std::uint32_t missing = 0;  // of those, did not come by themselves, in runs up to the deadline
  std::uint32_t runs = 0;     // such runs
  std::uint32_t beyond = 0;   // missing in longer runs, which no repair could have helped
  std::uint32_t longest_run_us = 0;  // of those up to the deadline, since the report before
  std::uint32_t spread_us = 0;       // of arrivals, peak to peak, over the last second or two
  [[nodiscard]] static WireResult<LossReportRecord> decode(const Record& record);
};

// Sources of a timely stream that the receiver misses.
struct RequestRecord {
  StreamKey key;
  bool is_last = false;  // nothing asked later would come in time
  std::uint32_t first = 0;
  std::uint64_t missing = 0;  // bit i: first + i
  [[nodiscard]] static WireResult<RequestRecord> decode(const Record& record);
};

// Both the probe and its answer carry only a size; a probe is padded to it.
struct ProbeRecord {
  std::uint16_t size = 0;
  PathId path = PathId::first;
  [[nodiscard]] static WireResult<ProbeRecord> decode(const Record& record);
};

// Each writes one whole record; what does not fit shows in writer.ok(). encode_source_header leaves
// the symbol to the caller, who seals it from where it lies.
void encode_source_header(const SourceRecord& source, std::size_t symbol_bytes, ByteWriter& writer);
void encode(const SourceRecord& source, ByteWriter& writer);
// Leaves the symbol to the caller, too.
void encode_repair_header(const RepairRecord& repair, std::size_t symbol_bytes, ByteWriter& writer);
void encode(const RepairRecord& repair, ByteWriter& writer);
void encode(const AckRecord& ack, ByteWriter& writer);
void encode_clock_report_header(const StreamKey& key, ByteWriter& writer);
void encode(const PingRecord& ping, ByteWriter& writer);
void encode(const PongRecord& pong, ByteWriter& writer);
void encode(const LossReportRecord& report, ByteWriter& writer);
void encode(const RequestRecord& request, ByteWriter& writer);
// The caller adds `padding` zeros.
void encode_path_probe_header(const ProbeRecord& probe, std::size_t padding, ByteWriter& writer);
void encode_probe_answer(const ProbeRecord& probe, ByteWriter& writer);

}  // namespace usbgw::wire
