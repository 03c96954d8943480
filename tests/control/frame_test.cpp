#include <gtest/gtest.h>

#include "control/frame_assembler.h"
#include "control/frame_sender.h"
#include "tests/hex.h"

namespace usbgw::control {
namespace {

using wire::MessageType;

Message message(MessageType type, std::size_t bytes) {
  Message made{type, std::vector<std::byte>(bytes)};
  for (std::size_t i = 0; i < bytes; ++i) made.body[i] = static_cast<std::byte>(i * 7);
  return made;
}

std::vector<std::byte> next_frame(FrameSender& sender) {
  std::array<std::byte, kMaxFrameBytes> frame;
  const std::size_t bytes = sender.next_frame(frame);
  return {frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(bytes)};
}

std::vector<std::byte> all_frames(FrameSender& sender) {
  std::vector<std::byte> all;
  for (auto frame = next_frame(sender); !frame.empty(); frame = next_frame(sender))
    all.insert(all.end(), frame.begin(), frame.end());
  return all;
}

std::string fault_of(std::string_view hex) {
  FrameAssembler assembler;
  std::vector<Arrival> arrivals;
  EXPECT_FALSE(assembler.feed(test::from_hex(hex), arrivals));
  return assembler.fault();
}

TEST(FrameSender, FramesAreTheDocumentedBytes) {
  FrameSender sender{SendLimits{}};
  sender.push_notice(NoticeKind::ready, std::array{std::byte{1}});
  ASSERT_TRUE(
      sender.push(MessageClass::control, {MessageType::urb_cancel, test::from_hex("aabb")}));
  ASSERT_TRUE(sender.push(MessageClass::bulk, {MessageType::urb_submit, test::from_hex("cc")}));
  EXPECT_EQ(next_frame(sender), test::from_hex("00000004 00 00 01 01"));
  EXPECT_EQ(next_frame(sender), test::from_hex("00000004 04 00 aa bb"));
  EXPECT_EQ(next_frame(sender), test::from_hex("00000003 02 02 cc"));
  EXPECT_TRUE(sender.is_empty());
}

TEST(FrameSender, ControlGoesBetweenChunksOfBulk) {
  FrameSender sender{SendLimits{}};
  ASSERT_TRUE(sender.push(MessageClass::bulk, message(MessageType::urb_submit, 100'000)));
  EXPECT_EQ(next_frame(sender).size(), kMaxFrameBytes);
  ASSERT_TRUE(sender.push(MessageClass::control, message(MessageType::session, 10)));
  EXPECT_EQ(next_frame(sender).size(), kFrameHeader + 10);
  EXPECT_EQ(next_frame(sender).size(), kMaxFrameBytes);
}

TEST(FrameSender, LaneThatIsFullRefusesAndTheOtherDoesNot) {
  FrameSender sender{SendLimits{2, 1000}};
  ASSERT_TRUE(sender.push(MessageClass::bulk, message(MessageType::urb_submit, 900)));
  EXPECT_FALSE(sender.push(MessageClass::bulk, message(MessageType::urb_submit, 101)));
  EXPECT_TRUE(sender.push(MessageClass::bulk, message(MessageType::urb_submit, 100)));
  EXPECT_FALSE(sender.push(MessageClass::bulk, message(MessageType::urb_submit, 0)));
  EXPECT_TRUE(sender.push(MessageClass::control, message(MessageType::session, 5000)));
  static_cast<void>(all_frames(sender));
  EXPECT_TRUE(sender.push(MessageClass::bulk, message(MessageType::urb_submit, 900)));
}

TEST(FrameSender, BodyAboveItsTypesLimitIsRefused) {
  FrameSender sender{SendLimits{}};
  EXPECT_FALSE(sender.push(MessageClass::control, message(MessageType::urb_cancel, 13)));
  EXPECT_FALSE(
      sender.push(MessageClass::bulk, message(MessageType::urb_reply, wire::kMaxUrbBytes + 21)));
  EXPECT_TRUE(
      sender.push(MessageClass::bulk, message(MessageType::urb_reply, wire::kMaxUrbBytes + 20)));
}

// Whatever pieces the stream comes in, down to single bytes, the same messages come out.
TEST(FrameAssembler, RoundTripsMixedLanesInAnyPieces) {
  for (const std::size_t piece : {1u, 5u, 16384u, 100000u}) {
    FrameSender sender{SendLimits{}};
    ASSERT_TRUE(sender.push(MessageClass::bulk, message(MessageType::urb_submit, 40'000)));
    auto stream = next_frame(sender);
    ASSERT_TRUE(sender.push(MessageClass::control, message(MessageType::session, 33)));
    ASSERT_TRUE(sender.push(MessageClass::control, message(MessageType::urb_cancel, 0)));
    const auto rest = all_frames(sender);
    stream.insert(stream.end(), rest.begin(), rest.end());

    FrameAssembler assembler;
    std::vector<Arrival> arrivals;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      const auto part = std::span(stream).subspan(at, std::min(piece, stream.size() - at));
      ASSERT_TRUE(assembler.feed(part, arrivals)) << assembler.fault();
    }
    ASSERT_EQ(arrivals.size(), 3u);
    EXPECT_EQ(std::get<Message>(arrivals[0]).body, message(MessageType::session, 33).body);
    EXPECT_EQ(std::get<Message>(arrivals[1]).type, MessageType::urb_cancel);
    EXPECT_EQ(std::get<Message>(arrivals[2]).body, message(MessageType::urb_submit, 40'000).body);
  }
}

TEST(FrameAssembler, TruncationAtEveryLengthYieldsNothing) {
  FrameSender sender{SendLimits{}};
  ASSERT_TRUE(sender.push(MessageClass::control, message(MessageType::session, 40)));
  const auto stream = all_frames(sender);
  for (std::size_t bytes = 0; bytes < stream.size(); ++bytes) {
    FrameAssembler assembler;
    std::vector<Arrival> arrivals;
    EXPECT_TRUE(assembler.feed(std::span(stream).first(bytes), arrivals));
    EXPECT_TRUE(arrivals.empty());
  }
}

TEST(FrameAssembler, FramesThatBreakTheLayoutAreRefused) {
  EXPECT_EQ(fault_of("ffffffff"), "a frame of 4294967299 bytes is longer than 16384");
  EXPECT_EQ(fault_of("00003ffd"), "a frame of 16385 bytes is longer than 16384");
  EXPECT_EQ(fault_of("00000001"), "a frame shorter than its header");
  EXPECT_EQ(fault_of("00000003 01 04 00"), "a frame with unknown flags");
  EXPECT_EQ(fault_of("00000003 05 00 00"), "a message of unknown type 5");
  EXPECT_EQ(fault_of("00000002 01 01"), "an empty chunk with more to follow");
  EXPECT_EQ(fault_of("00000003 01 01 00  00000003 02 00 00"),
            "a message that changes its type between chunks");
  EXPECT_EQ(fault_of("0000000f 04 00 00000000000000000000000000"),
            "a message of type 4 longer than 12 bytes");
  EXPECT_EQ(fault_of("00000002 00 00"), "a notice without a kind or with flags");
  EXPECT_EQ(fault_of("00000003 00 00 04"), "a notice of unknown kind");
  EXPECT_EQ(fault_of("00000003 00 00 01"), "a ready notice of the wrong length");
}

TEST(FrameAssembler, GoodbyeIsMadePrintable) {
  FrameAssembler assembler;
  std::vector<Arrival> arrivals;
  ASSERT_TRUE(assembler.feed(test::from_hex("00000006 00 00 03 1b 41 42"), arrivals));
  EXPECT_EQ(std::get<Notice>(arrivals.at(0)).text, "?AB");
}

}  // namespace
}  // namespace usbgw::control
