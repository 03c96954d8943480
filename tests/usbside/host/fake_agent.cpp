#include "tests/usbside/host/fake_agent.h"

#include <gtest/gtest.h>

#include "common/byte_order.h"

namespace usbgw::host::test {

void FakeAgent::collect() {
  StreamItem item;
  while (link.pop(item)) {
    const auto body = wire::IsochronousBody::decode(link.bytes(item));
    EXPECT_TRUE(body);
    EXPECT_LE(item.length, largest_source);
    EXPECT_EQ(item.source.value(), next_source++);
    ++sources;
    if (body) {
      std::size_t at = 0;
      for (std::size_t i = 0; i < body->count; ++i) {
        const std::size_t bytes =
            body->is_fragment ? body->payload.size() : body->intervals[i].length;
        auto& interval = received[std::int64_t{body->first_index} + static_cast<std::int64_t>(i)];
        if (expects_rewriting && body->stamp > interval.written) interval = {{}, body->stamp, {}};
        EXPECT_EQ(interval.bytes.size(), body->fragment_offset) << "an interval sent twice";
        const auto payload = body->payload.subspan(at, bytes);
        interval.bytes.insert(interval.bytes.end(), payload.begin(), payload.end());
        interval.sent = item.time;
        at += bytes;
      }
    }
    link.release(item);
  }
}

PathEstimate FakeBus::path(Duration one_way) const {
  PathEstimate path;
  path.valid = true;
  path.inbound_offset = one_way - skew_;
  path.outbound_offset = one_way + skew_;
  path.round_trip_min = path.round_trip_smoothed = one_way * 2;
  return path;
}

std::vector<std::byte> encode_body(std::int64_t first, Instant stamp,
                                   const std::vector<IntervalBytes>& intervals,
                                   const std::vector<std::uint16_t>& history,
                                   bool begins_transfer) {
  wire::IsochronousBody body;
  body.first_index = static_cast<std::uint32_t>(first);
  body.stamp = stamp;
  body.count = static_cast<std::uint8_t>(intervals.size());
  body.begins_transfer = begins_transfer;
  body.history_count = static_cast<std::uint8_t>(history.size());
  std::copy(history.begin(), history.end(), body.history.begin());
  std::vector<std::byte> payload;
  for (std::size_t i = 0; i < intervals.size(); ++i) {
    body.intervals[i] = intervals[i].interval;
    payload.insert(payload.end(), intervals[i].bytes.begin(), intervals[i].bytes.end());
  }
  body.payload = payload;
  std::vector<std::byte> to(payload.size() + 512);
  const auto length = wire::encode(body, to);
  EXPECT_TRUE(length);
  to.resize(length.value_or(0));
  return to;
}

StreamItem item_of(EndpointAddress endpoint, StreamEpoch epoch, Instant arrival,
                   Provenance provenance) {
  StreamItem item;
  item.stream = stream_of(kAttachment, endpoint);
  item.epoch = epoch;
  item.time = arrival;
  item.provenance = provenance;
  return item;
}

std::vector<std::byte> counting_frames(std::int64_t first_frame, std::size_t frames) {
  std::vector<std::byte> bytes(frames * 4);
  for (std::size_t i = 0; i < frames; ++i) {
    const auto value = static_cast<std::uint16_t>(first_frame + static_cast<std::int64_t>(i));
    store_le<std::uint16_t>(bytes.data() + 4 * i, value);
    store_le<std::uint16_t>(bytes.data() + 4 * i + 2, value);
  }
  return bytes;
}

std::vector<std::byte> encode_report(const wire::ClockReport& report) {
  std::vector<std::byte> bytes(wire::kClockReportBytes);
  EXPECT_TRUE(wire::encode(report, bytes));
  return bytes;
}

}  // namespace usbgw::host::test
