// The datagram header and the records: what decodes must encode to the same bytes.
#include "wire/datagram.h"

#include <algorithm>
#include <vector>

#include "wire/records.h"

namespace {

using namespace usbgw;
using namespace usbgw::wire;

void check(bool holds) {
  if (!holds) __builtin_trap();
}

template <class T>
void round_trip(const Record& record) {
  const auto decoded = T::decode(record);
  if (!decoded) return;
  std::vector<std::byte> again(kRecordHeader + record.body.size());
  ByteWriter writer(again);
  encode(*decoded, writer);
  check(writer.ok() && writer.used() == again.size());
  check(std::equal(record.body.begin(), record.body.end(), again.begin() + kRecordHeader));
}

void decode_one(const Record& record) {
  switch (record.type) {
    case RecordType::source:
      return round_trip<SourceRecord>(record);
    case RecordType::repair:
      return round_trip<RepairRecord>(record);
    case RecordType::ack:
      return round_trip<AckRecord>(record);
    case RecordType::ping:
      return round_trip<PingRecord>(record);
    case RecordType::pong:
      return round_trip<PongRecord>(record);
    case RecordType::loss_report:
      return round_trip<LossReportRecord>(record);
    case RecordType::request:
      return round_trip<RequestRecord>(record);
    case RecordType::clock_report:
      static_cast<void>(ClockReportRecord::decode(record));
      static_cast<void>(ClockReport::decode(record.body));
      return;
    case RecordType::path_probe:
    case RecordType::probe_answer:
      static_cast<void>(ProbeRecord::decode(record));
      return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  static_cast<void>(DatagramHeader::decode(bytes));
  RecordReader reader(bytes);
  while (!reader.at_end()) {
    const auto record = reader.next();
    if (!record) break;
    decode_one(*record);
  }
  return 0;
}
