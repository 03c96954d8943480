#include "wire/usbip_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "common/random.h"

namespace usbgw::wire::usbip {
namespace {

using Bytes = std::vector<std::byte>;

void append(Bytes& to, std::span<const std::byte> bytes) {
  to.insert(to.end(), bytes.begin(), bytes.end());
}

void append_packet(Bytes& to, const IsoDescriptor& packet) {
  std::array<std::byte, kIsoDescriptorBytes> bytes{};
  encode(packet, bytes);
  append(to, bytes);
}

// A bulk OUT of `length`, an isochronous OUT of three packets, an unlink, a bulk IN with the stale
// packet count that Linux may send.
Bytes command_stream(std::size_t length) {
  Bytes stream;
  Submit bulk;
  bulk.seqnum = 1;
  bulk.endpoint = EndpointAddress(0x02);
  bulk.length = static_cast<std::uint32_t>(length);
  bulk.number_of_packets = -1;
  append(stream, encode(bulk));
  for (std::size_t i = 0; i < length; ++i) stream.push_back(static_cast<std::byte>(i));
  Submit iso;
  iso.seqnum = 2;
  iso.endpoint = EndpointAddress(0x01);
  iso.length = 30;
  iso.number_of_packets = 3;
  append(stream, encode(iso));
  for (int i = 0; i < 30; ++i) stream.push_back(static_cast<std::byte>(i));
  for (std::uint32_t i = 0; i < 3; ++i) append_packet(stream, {i * 10, 8, 0, UrbStatus::ok});
  append(stream, encode(Unlink{3, 0, 2}));
  Submit in;
  in.seqnum = 4;
  in.endpoint = EndpointAddress(0x82);
  in.length = 1u << 24;
  in.number_of_packets = 8;
  append(stream, encode(in));
  return stream;
}

struct Seen {
  std::vector<std::uint32_t> seqnums;
  std::vector<std::size_t> data;
  std::vector<std::size_t> packets;
  std::size_t dropped = 0;
};

void drain(CommandReader& reader, Seen& seen) {
  for (;;) {
    const auto pdu = reader.next();
    ASSERT_TRUE(pdu.has_value());
    if (!*pdu) return;
    std::visit([&](const auto& command) { seen.seqnums.push_back(command.seqnum); },
               (*pdu)->command);
    seen.data.push_back((*pdu)->data.size());
    seen.packets.push_back((*pdu)->packets.size());
    seen.dropped += (*pdu)->data_dropped ? 1u : 0u;
    for (std::size_t i = 0; i < (*pdu)->data.size(); ++i) {
      ASSERT_EQ((*pdu)->data[i], static_cast<std::byte>(i));
    }
  }
}

Seen read_in_chunks(const Bytes& stream, std::size_t max_transfer, Random& random,
                    std::size_t chunk) {
  CommandReader reader(max_transfer);
  reader.set_isochronous(EndpointAddress(0x01), true);
  Seen seen;
  std::size_t at = 0;
  while (at < stream.size()) {
    const auto room = reader.room();
    const std::size_t wanted = 1 + random.below(chunk);
    const std::size_t count = std::min({wanted, room.size(), stream.size() - at});
    EXPECT_GT(count, 0u);
    if (count == 0) break;
    std::copy_n(stream.begin() + static_cast<std::ptrdiff_t>(at), count, room.begin());
    reader.commit(count);
    at += count;
    drain(reader, seen);
  }
  return seen;
}

TEST(UsbipCommandReader, RandomChunkingGivesTheSamePdus) {
  Bytes stream;
  for (int i = 0; i < 20; ++i) append(stream, command_stream(500));
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Random random(seed);
    const Seen seen = read_in_chunks(stream, 4096, random, 1 + seed * 7);
    ASSERT_EQ(seen.seqnums.size(), 80u) << "seed " << seed;
    for (std::size_t i = 0; i < 80; i += 4) {
      EXPECT_EQ(seen.seqnums[i + 3], 4u);
      EXPECT_EQ(seen.data[i], 500u);
      EXPECT_EQ(seen.data[i + 1], 30u);
      EXPECT_EQ(seen.packets[i + 1], 3u);
      EXPECT_EQ(seen.packets[i + 3], 0u) << "a stale packet count on a bulk pipe means nothing";
    }
    EXPECT_EQ(seen.dropped, 0u);
  }
}

TEST(UsbipCommandReader, DataAboveTheLimitIsSkippedAndTheStreamGoesOn) {
  Bytes stream = command_stream(60'000);
  append(stream, command_stream(10));
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Random random(seed);
    const Seen seen = read_in_chunks(stream, 4096, random, 5000);
    ASSERT_EQ(seen.seqnums, (std::vector<std::uint32_t>{1, 2, 3, 4, 1, 2, 3, 4}));
    EXPECT_EQ(seen.dropped, 1u);
    EXPECT_EQ(seen.data[0], 0u);
    EXPECT_EQ(seen.data[4], 10u);
  }
}

TEST(UsbipCommandReader, TruncationAtEveryLengthWaits) {
  const Bytes stream = command_stream(40);
  Bytes first(stream.begin(), stream.begin() + 88);
  for (std::size_t length = 0; length < first.size(); ++length) {
    CommandReader reader(64);
    std::copy_n(first.begin(), length, reader.room().begin());
    reader.commit(length);
    const auto pdu = reader.next();
    ASSERT_TRUE(pdu.has_value());
    EXPECT_FALSE(pdu->has_value());
  }
}

WireError error_of(const Submit& submit, const std::vector<IsoDescriptor>& packets) {
  CommandReader reader(4096);
  reader.set_isochronous(EndpointAddress(0x81), true);
  Bytes stream;
  append(stream, encode(submit));
  for (const auto& packet : packets) append_packet(stream, packet);
  std::copy(stream.begin(), stream.end(), reader.room().begin());
  reader.commit(stream.size());
  const auto pdu = reader.next();
  EXPECT_FALSE(pdu.has_value());
  return pdu.has_value() ? WireError::trailing_bytes : pdu.error();
}

TEST(UsbipCommandReader, IsoCountsAndRangesOutOfBoundsAreRefused) {
  Submit iso;
  iso.endpoint = EndpointAddress(0x81);
  iso.length = 20;
  iso.number_of_packets = 1025;
  EXPECT_EQ(error_of(iso, {}), WireError::malformed);
  iso.number_of_packets = -1;
  EXPECT_EQ(error_of(iso, {}), WireError::malformed);
  iso.number_of_packets = 1;
  EXPECT_EQ(error_of(iso, {{1, 20, 0, UrbStatus::ok}}), WireError::malformed);
  EXPECT_EQ(error_of(iso, {{0xffffffff, 2, 0, UrbStatus::ok}}), WireError::malformed);
}

class Submitted : public SubmittedUrbs {
 public:
  std::optional<SubmittedShape> find(std::uint32_t seqnum) const override {
    const auto found = shapes.find(seqnum);
    if (found == shapes.end()) return std::nullopt;
    return found->second;
  }
  std::map<std::uint32_t, SubmittedShape> shapes;
};

WireResult<std::optional<ReplyPdu>> read_one(ReplyReader& reader, const Bytes& stream) {
  std::copy(stream.begin(), stream.end(), reader.room().begin());
  reader.commit(stream.size());
  return reader.next();
}

TEST(UsbipReplyReader, ShapeOfTheUrbDecidesWhatFollows) {
  Submitted submitted;
  submitted.shapes[9] = {true, true, 400};
  submitted.shapes[10] = {false, false, 64};
  ReplyReader reader(submitted, 4096);
  Bytes stream;
  SubmitReply iso{9, UrbStatus::ok, 12, 0, 2, 0};
  append(stream, encode(iso));
  stream.resize(stream.size() + 12, std::byte{7});
  append_packet(stream, {0, 200, 8, UrbStatus::ok});
  append_packet(stream, {200, 200, 4, UrbStatus::ok});
  SubmitReply out{10, UrbStatus::ok, 64, 0, 0, 0};
  append(stream, encode(out));
  append(stream, encode(UnlinkReply{11, UrbStatus::ok}));
  const auto first = read_one(reader, stream);
  ASSERT_TRUE(first.has_value() && first->has_value());
  EXPECT_EQ((*first)->data.size(), 12u);
  EXPECT_EQ((*first)->packets[1].actual, 4u);
  const auto second = reader.next();
  ASSERT_TRUE(second.has_value() && second->has_value());
  EXPECT_EQ(std::get<SubmitReply>((*second)->reply), out);
  EXPECT_TRUE((*second)->data.empty());
  const auto third = reader.next();
  ASSERT_TRUE(third.has_value() && third->has_value());
  EXPECT_EQ(std::get<UnlinkReply>((*third)->reply).seqnum, 11u);
}

TEST(UsbipReplyReader, WhatDisconnectsVhciIsAnError) {
  Submitted submitted;
  submitted.shapes[9] = {true, false, 8};
  submitted.shapes[10] = {true, true, 100};
  {
    ReplyReader reader(submitted, 64);
    Bytes stream;
    append(stream, encode(SubmitReply{77, UrbStatus::ok, 0, 0, 0, 0}));
    EXPECT_FALSE(read_one(reader, stream).has_value());
  }
  {
    ReplyReader reader(submitted, 64);
    Bytes stream;
    append(stream, encode(SubmitReply{9, UrbStatus::ok, 9, 0, 0, 0}));
    EXPECT_FALSE(read_one(reader, stream).has_value());
  }
  {
    ReplyReader reader(submitted, 64);
    Bytes stream;
    append(stream, encode(SubmitReply{10, UrbStatus::ok, 4, 0, 1, 0}));
    stream.resize(stream.size() + 4);
    append_packet(stream, {0, 100, 5, UrbStatus::ok});
    EXPECT_FALSE(read_one(reader, stream).has_value());
  }
}

}  // namespace
}  // namespace usbgw::wire::usbip
