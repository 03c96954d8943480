#include "wire/usbip.h"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace usbgw::wire::usbip {
namespace {

std::vector<std::byte> from_hex(std::string_view text) {
  std::vector<std::byte> bytes;
  int high = -1;
  for (const char c : text) {
    if (c == ' ') continue;
    const int digit = c <= '9' ? c - '0' : c - 'a' + 10;
    if (high >= 0) bytes.push_back(static_cast<std::byte>(high * 16 + digit));
    high = high < 0 ? digit : -1;
  }
  return bytes;
}

template <class Pdu>
std::vector<std::byte> encoded(const Pdu& pdu) {
  const Header header = encode(pdu);
  return {header.begin(), header.end()};
}

// The four captures: Documentation/usb/usbip_protocol.rst, section EXAMPLE.
constexpr std::string_view kCmdIntrIn =
    "00000001 00000d05 0001000f 00000001 00000001 00000200 00000040 ffffffff 00000000 00000004 "
    "00000000 00000000";
constexpr std::string_view kCmdIntrOut =
    "00000001 00000d06 0001000f 00000000 00000001 00000000 00000040 ffffffff 00000000 00000004 "
    "00000000 00000000";
constexpr std::string_view kRetIntrOut =
    "00000003 00000d06 00000000 00000000 00000000 00000000 00000040 ffffffff 00000000 00000000 "
    "00000000 00000000";
constexpr std::string_view kRetIntrIn =
    "00000003 00000d05 00000000 00000000 00000000 00000000 00000040 ffffffff 00000000 00000000 "
    "00000000 00000000";

TEST(Usbip, FromCaptureCmdIntrIn) {
  const auto bytes = from_hex(kCmdIntrIn);
  const auto command = decode_command(bytes);
  ASSERT_TRUE(command.has_value());
  Submit expected;
  expected.seqnum = 0xd05;
  expected.devid = 0x0001000f;
  expected.endpoint = EndpointAddress(0x81);
  expected.flags = kDirectionIn;
  expected.length = 64;
  expected.start_frame = -1;
  expected.interval = 4;
  EXPECT_EQ(std::get<Submit>(*command), expected);
  EXPECT_EQ(encoded(expected), bytes);
}

TEST(Usbip, FromCaptureCmdIntrOut) {
  const auto bytes = from_hex(kCmdIntrOut);
  const auto command = decode_command(bytes);
  ASSERT_TRUE(command.has_value());
  const auto& submit = std::get<Submit>(*command);
  EXPECT_EQ(submit.endpoint, EndpointAddress(0x01));
  EXPECT_EQ(submit.length, 64u);
  EXPECT_EQ(encoded(submit), bytes);
}

TEST(Usbip, FromCaptureRetIntrOutAndIn) {
  for (const auto& [capture, seqnum] :
       {std::pair{kRetIntrOut, 0xd06u}, std::pair{kRetIntrIn, 0xd05u}}) {
    const auto bytes = from_hex(capture);
    const auto reply = decode_reply(bytes);
    ASSERT_TRUE(reply.has_value());
    const auto& submit = std::get<SubmitReply>(*reply);
    EXPECT_EQ(submit.seqnum, seqnum);
    EXPECT_EQ(submit.status, UrbStatus::ok);
    EXPECT_EQ(submit.actual, 64u);
    EXPECT_EQ(submit.start_frame, -1);
    EXPECT_EQ(encoded(submit), bytes);
  }
}

TEST(Usbip, SetupIsAsOnTheBus) {
  Submit submit;
  submit.endpoint = EndpointAddress(0x80);
  submit.setup = {0x80, 6, 0x0100, 0x0409, 18};
  const Header header = encode(submit);
  const auto setup = std::span(header).subspan(40);
  EXPECT_EQ(std::vector(setup.begin(), setup.end()), from_hex("80 06 00 01 09 04 12 00"));
  EXPECT_EQ(std::get<Submit>(*decode_command(header)), submit);
}

TEST(Usbip, UnlinkRoundTrips) {
  const Unlink unlink{7, 0x10002, 5};
  EXPECT_EQ(std::get<Unlink>(*decode_command(encode(unlink))), unlink);
  const UnlinkReply reply{7, UrbStatus::connection_reset};
  const Header header = encode(reply);
  EXPECT_EQ(std::get<UnlinkReply>(*decode_reply(header)), reply);
  EXPECT_EQ(encoded(reply), from_hex("00000004 00000007 00000000 00000000 00000000 ffffff98 "
                                     "00000000 00000000 00000000 00000000 00000000 00000000"));
}

TEST(Usbip, IsoDescriptorRoundTripsWithActualBeforeStatus) {
  const IsoDescriptor packet{192, 196, 188, UrbStatus::cross_device};
  std::array<std::byte, kIsoDescriptorBytes> bytes{};
  encode(packet, bytes);
  EXPECT_EQ(std::vector(bytes.begin(), bytes.end()),
            from_hex("000000c0 000000c4 000000bc ffffffee"));
  EXPECT_EQ(decode_iso(bytes), packet);
}

TEST(Usbip, TruncationAtEveryLengthIsRefused) {
  for (const auto capture : {kCmdIntrIn, kRetIntrIn}) {
    const auto bytes = from_hex(capture);
    for (std::size_t length = 0; length < kHeaderBytes; ++length) {
      const auto part = std::span(bytes).first(length);
      EXPECT_EQ(decode_command(part).error(), WireError::truncated);
      EXPECT_EQ(decode_reply(part).error(), WireError::truncated);
    }
  }
}

TEST(Usbip, FieldsOutOfRangeAreRefused) {
  auto with = [](std::string_view capture, std::size_t offset, int value) {
    auto bytes = from_hex(capture);
    bytes[offset] = static_cast<std::byte>(value);
    return bytes;
  };
  EXPECT_EQ(decode_command(with(kCmdIntrIn, 3, 3)).error(), WireError::unknown_type);
  EXPECT_EQ(decode_command(with(kCmdIntrIn, 15, 2)).error(), WireError::malformed);
  EXPECT_EQ(decode_command(with(kCmdIntrIn, 19, 16)).error(), WireError::malformed);
  EXPECT_EQ(decode_command(with(kCmdIntrIn, 24, 0x80)).error(), WireError::malformed);
  EXPECT_EQ(decode_reply(with(kRetIntrIn, 3, 1)).error(), WireError::unknown_type);
  EXPECT_EQ(decode_reply(with(kRetIntrIn, 24, 0x80)).error(), WireError::malformed);
}

}  // namespace
}  // namespace usbgw::wire::usbip
