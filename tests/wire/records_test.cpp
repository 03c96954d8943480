#include "wire/records.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/hex.h"

namespace usbgw::wire {
namespace {

using namespace std::chrono_literals;
using test::from_hex;
using Bytes = std::vector<std::byte>;

constexpr StreamKey kKey{StreamId{0x0181}, StreamEpoch{9}};

template <class Write>
Bytes written(Write&& write) {
  Bytes bytes(4096);
  ByteWriter writer(bytes);
  write(writer);
  EXPECT_TRUE(writer.ok());
  bytes.resize(writer.used());
  return bytes;
}

template <class T>
Bytes encoded(const T& record) {
  return written([&](ByteWriter& writer) { encode(record, writer); });
}

template <class T>
WireResult<T> decoded(const Bytes& bytes) {
  RecordReader reader(bytes);
  return reader.next().and_then([](const Record& record) { return T::decode(record); });
}

// Every shorter body, with the record's length field saying so, and every cut of the record itself.
template <class T>
void expect_every_truncation_refused(const Bytes& bytes) {
  for (std::size_t n = 0; n + kRecordHeader < bytes.size(); ++n) {
    RecordReader reader(bytes);
    auto record = reader.next();
    ASSERT_TRUE(record);
    record->body = record->body.first(n);
    EXPECT_FALSE(T::decode(*record)) << n;
  }
  for (std::size_t n = 1; n < bytes.size(); ++n) {
    RecordReader cut{std::span(bytes).first(n)};
    EXPECT_EQ(cut.next().error(), WireError::truncated) << n;
  }
}

TEST(Records, SourceHasTheDocumentedBytes) {
  const auto symbol = from_hex("aabbcc");
  const auto bytes = encoded(SourceRecord{kKey, false, true, 0x01020304, symbol});
  EXPECT_EQ(bytes, from_hex("01 02 000b 0181 09 00 01020304 aabbcc"));
  const auto source = decoded<SourceRecord>(bytes);
  ASSERT_TRUE(source);
  EXPECT_EQ(source->key, kKey);
  EXPECT_TRUE(source->is_copy);
  EXPECT_FALSE(source->is_resent);
  EXPECT_EQ(source->number, 0x01020304u);
  EXPECT_EQ(Bytes(source->symbol.begin(), source->symbol.end()), symbol);
}

TEST(Records, SourceHeaderShorterThanItsLayoutIsTruncated) {
  expect_every_truncation_refused<SourceRecord>(encoded(SourceRecord{kKey, false, false, 1, {}}));
}

TEST(Records, SourceWithUnknownFlagIsMalformed) {
  EXPECT_EQ(decoded<SourceRecord>(from_hex("01 04 0008 0181 09 00 01020304")).error(),
            WireError::malformed);
  EXPECT_EQ(decoded<SourceRecord>(from_hex("01 00 0008 0181 09 01 01020304")).error(),
            WireError::malformed);
}

TEST(Records, RepairRoundTripsOverAWrappingSet) {
  const auto symbol = from_hex("0003 aabbcc");
  RepairRecord repair;
  repair.key = kKey;
  repair.row = 3;
  repair.count = 3;
  repair.numbers = {0xFFFFFFFE, 0xFFFFFFFF, 4};
  repair.symbol = symbol;
  const auto bytes = encoded(repair);
  EXPECT_EQ(bytes, from_hex("02 00 0011 0181 09 03 fffffffe 03 00 01 05 0003aabbcc"));
  const auto back = decoded<RepairRecord>(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->row, 3);
  EXPECT_EQ(back->count, 3);
  EXPECT_EQ(back->numbers, repair.numbers);
  EXPECT_EQ(Bytes(back->symbol.begin(), back->symbol.end()), symbol);
}

TEST(Records, RepairOutsideItsLimitsIsMalformed) {
  const auto error = [](std::string_view hex) {
    return decoded<RepairRecord>(from_hex(hex)).error();
  };
  EXPECT_EQ(error("02 00 000a 0181 09 80 00000000 01 00"), WireError::malformed);     // row
  EXPECT_EQ(error("02 00 000a 0181 09 00 00000000 00 00"), WireError::malformed);     // empty
  EXPECT_EQ(error("02 00 000a 0181 09 00 00000000 21 00"), WireError::malformed);     // 33
  EXPECT_EQ(error("02 00 000b 0181 09 00 00000000 02 00 00"), WireError::malformed);  // twice
  EXPECT_EQ(error("02 00 000b 0181 09 00 00000000 02 00 80"), WireError::malformed);  // span
  EXPECT_EQ(error("02 00 000b 0181 09 00 00000000 03 00 01"), WireError::truncated);  // set
}

TEST(Records, AckRoundTripsAndRefusesEveryTruncation) {
  AckRecord ack;
  ack.key = kKey;
  ack.next_expected = 0xFFFFFFFF;
  ack.range_count = 2;
  ack.ranges[0] = {1, 2};
  ack.ranges[1] = {4, 60};
  const auto bytes = encoded(ack);
  EXPECT_EQ(bytes, from_hex("03 00 0010 0181 09 02 ffffffff 0001 0002 0004 003c"));
  const auto back = decoded<AckRecord>(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->next_expected, ack.next_expected);
  EXPECT_EQ(back->range_count, 2);
  EXPECT_EQ(back->ranges, ack.ranges);
  expect_every_truncation_refused<AckRecord>(bytes);
}

TEST(Records, AckRangesOutOfOrderTouchingOrEmptyAreMalformed) {
  const auto error = [](std::string_view hex) { return decoded<AckRecord>(from_hex(hex)).error(); };
  EXPECT_EQ(error("03 00 000c 0181 09 01 00000000 0000 0001"), WireError::malformed);
  EXPECT_EQ(error("03 00 000c 0181 09 01 00000000 0001 0000"), WireError::malformed);
  EXPECT_EQ(error("03 00 0010 0181 09 02 00000000 0001 0002 0003 0001"), WireError::malformed);
  EXPECT_EQ(error("03 00 0010 0181 09 02 00000000 0005 0002 0001 0001"), WireError::malformed);
}

TEST(Records, PingAndPongRoundTripWithAndWithoutOffset) {
  PingRecord ping{7, Instant{} + 1s, std::nullopt};
  auto back = decoded<PingRecord>(encoded(ping));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->id, 7u);
  EXPECT_EQ(back->sent, ping.sent);
  EXPECT_FALSE(back->offset);
  ping.offset = -3h;
  back = decoded<PingRecord>(encoded(ping));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->offset, ping.offset);
  expect_every_truncation_refused<PingRecord>(encoded(ping));

  const PongRecord pong{8, Instant{} + 1s, Instant{} + 2s, Instant{} + 3s, 4ns};
  const auto bytes = encoded(pong);
  EXPECT_EQ(bytes, from_hex("06 01 0024 00000008 000000003b9aca00 0000000077359400"
                            "00000000b2d05e00 0000000000000004"));
  const auto pong_back = decoded<PongRecord>(bytes);
  ASSERT_TRUE(pong_back);
  EXPECT_EQ(pong_back->id, pong.id);
  EXPECT_EQ(pong_back->ping_sent, pong.ping_sent);
  EXPECT_EQ(pong_back->ping_received, pong.ping_received);
  EXPECT_EQ(pong_back->sent, pong.sent);
  EXPECT_EQ(pong_back->offset, pong.offset);
  expect_every_truncation_refused<PongRecord>(bytes);
}

TEST(Records, PingWithAnOffsetThatItCallsInvalidIsMalformed) {
  auto bytes = encoded(PingRecord{7, Instant{} + 1s, 5ns});
  bytes[1] = std::byte{0};
  EXPECT_EQ(decoded<PingRecord>(bytes).error(), WireError::malformed);
  bytes[1] = std::byte{1};
  bytes[kRecordHeader + 12] = std::byte{0x7F};  // 292 years
  EXPECT_EQ(decoded<PingRecord>(bytes).error(), WireError::malformed);
}

TEST(Records, RequestRoundTrips) {
  const RequestRecord request{kKey, true, 0xFFFF'FFFF, 0x8000'0000'0000'0003};
  auto bytes = encoded(request);
  EXPECT_EQ(bytes, from_hex("0a 01 0010 0181 09 00 ffffffff 8000000000000003"));
  const auto back = decoded<RequestRecord>(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->key, kKey);
  EXPECT_TRUE(back->is_last);
  EXPECT_EQ(back->first, request.first);
  EXPECT_EQ(back->missing, request.missing);
  expect_every_truncation_refused<RequestRecord>(bytes);
  bytes.back() = std::byte{2};  // the first one itself is not missing
  EXPECT_EQ(decoded<RequestRecord>(bytes).error(), WireError::malformed);
}

TEST(Records, LossReportAndClockReportRoundTrip) {
  const LossReportRecord loss{kKey, 1, 2, 3, 4, 5, 6};
  const auto bytes = encoded(loss);
  EXPECT_EQ(
      bytes,
      from_hex("07 00 001c 0181 09 00 00000001 00000002 00000003 00000004 00000005 00000006"));
  const auto back = decoded<LossReportRecord>(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->settled, 1u);
  EXPECT_EQ(back->missing, 2u);
  EXPECT_EQ(back->runs, 3u);
  EXPECT_EQ(back->beyond, 4u);
  EXPECT_EQ(back->longest_run_us, 5u);
  EXPECT_EQ(back->spread_us, 6u);
  expect_every_truncation_refused<LossReportRecord>(bytes);

  const Bytes report(kClockReportBytes, std::byte{5});
  const auto clock = written([&](ByteWriter& writer) {
    encode_clock_report_header(kKey, writer);
    writer.append(report);
  });
  const auto clock_back = decoded<ClockReportRecord>(clock);
  ASSERT_TRUE(clock_back);
  EXPECT_EQ(Bytes(clock_back->report.begin(), clock_back->report.end()), report);
  expect_every_truncation_refused<ClockReportRecord>(clock);
}

TEST(Records, WhatConcernsOnePathSaysWhich) {
  const auto round_trip = [](const auto& record) {
    return decoded<std::remove_cvref_t<decltype(record)>>(encoded(record));
  };
  EXPECT_EQ(round_trip(PingRecord{7, Instant{} + 1s, std::nullopt, PathId::second})->path,
            PathId::second);
  EXPECT_EQ(round_trip(PingRecord{7, Instant{} + 1s, 5ns, PathId::first})->path, PathId::first);
  const PongRecord pong{7, Instant{} + 1s, Instant{} + 2s, Instant{} + 3s, 4ns, PathId::second};
  EXPECT_EQ(round_trip(pong)->path, PathId::second);
  EXPECT_EQ(round_trip(pong)->offset, 4ns);
  const auto answer = written([](ByteWriter& writer) {
    encode_probe_answer({1472, PathId::second}, writer);
  });
  EXPECT_EQ(answer, from_hex("09 02 0002 05c0"));
  EXPECT_EQ(decoded<ProbeRecord>(answer)->path, PathId::second);
  EXPECT_EQ(decoded<ProbeRecord>(from_hex("09 01 0002 05c0")).error(), WireError::malformed);
  EXPECT_EQ(decoded<ProbeRecord>(from_hex("09 04 0002 05c0")).error(), WireError::malformed);
}

TEST(Records, ProbeIsPaddedAndItsAnswerIsNot) {
  auto probe = written([](ByteWriter& writer) {
    encode_path_probe_header({9000}, 3, writer);
    writer.append(Bytes(3));
  });
  EXPECT_EQ(probe, from_hex("08 00 0005 2328 000000"));
  EXPECT_EQ(decoded<ProbeRecord>(probe)->size, 9000);
  probe.back() = std::byte{1};
  EXPECT_EQ(decoded<ProbeRecord>(probe).error(), WireError::malformed);
  EXPECT_EQ(decoded<ProbeRecord>(from_hex("09 00 0002 2328"))->size, 9000);
  EXPECT_EQ(decoded<ProbeRecord>(from_hex("09 00 0003 2328 00")).error(),
            WireError::trailing_bytes);
}

TEST(Records, ReaderWalksSeveralRecordsAndStopsAtAnUnknownType) {
  const auto bytes = from_hex("09 00 0002 0001  09 00 0002 0002  63 00 0000");
  RecordReader reader(bytes);
  EXPECT_EQ(ProbeRecord::decode(*reader.next())->size, 1);
  EXPECT_EQ(ProbeRecord::decode(*reader.next())->size, 2);
  ASSERT_FALSE(reader.at_end());
  EXPECT_EQ(reader.next().error(), WireError::unknown_type);
}

}  // namespace
}  // namespace usbgw::wire
