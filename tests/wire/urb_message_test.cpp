#include "wire/urb_message.h"

#include <gtest/gtest.h>

#include "tests/hex.h"

namespace usbgw::wire {
namespace {

// usbmon's setup packet of "GET_DESCRIPTOR device" (80 06 00 01 00 00 40 00), as vhci passes it on
// when a device is attached: attachment 3, endpoint 0, transaction 7.
const auto kGetDescriptor =
    test::from_hex("03 00 00 00  00 00 00 00 00 00 00 07  00 00 00 40  80 06 00 01 00 00 40 00");

UrbSubmit bulk_out(std::size_t bytes) {
  UrbSubmit submit;
  submit.attachment = AttachmentId{9};
  submit.transaction = TransactionId{0x0102030405060708};
  submit.endpoint = EndpointAddress{0x02};
  submit.type = TransferType::bulk;
  submit.zero_packet = true;
  submit.length = static_cast<std::uint32_t>(bytes);
  submit.data.assign(bytes, std::byte{0xA5});
  return submit;
}

UrbReply in_reply(std::size_t bytes) {
  UrbReply reply;
  reply.attachment = AttachmentId{9};
  reply.transaction = TransactionId{5};
  reply.status = UrbStatus::remote_io;
  reply.actual = static_cast<std::uint32_t>(bytes);
  reply.data.assign(bytes, std::byte{0x5A});
  return reply;
}

WireError submit_error(std::vector<std::byte> bytes) {
  const auto decoded = decode_urb_submit(bytes);
  EXPECT_FALSE(decoded);
  return decoded ? WireError{} : decoded.error();
}

WireError reply_error(std::vector<std::byte> bytes) {
  const auto decoded = decode_urb_reply(bytes);
  EXPECT_FALSE(decoded);
  return decoded ? WireError{} : decoded.error();
}

TEST(UrbSubmit, FromCapture) {
  const auto submit = decode_urb_submit(kGetDescriptor);
  ASSERT_TRUE(submit);
  EXPECT_EQ(submit->attachment, AttachmentId{3});
  EXPECT_EQ(submit->transaction, TransactionId{7});
  EXPECT_EQ(submit->type, TransferType::control);
  EXPECT_EQ(submit->setup, (SetupPacket{0x80, 6, 0x0100, 0, 64}));
  EXPECT_EQ(submit->length, 64u);
  EXPECT_TRUE(submit->data.empty());
  EXPECT_EQ(encode(*submit), kGetDescriptor);
}

TEST(UrbSubmit, RoundTripsBulkOut) {
  const auto submit = decode_urb_submit(encode(bulk_out(600)));
  ASSERT_TRUE(submit);
  EXPECT_EQ(submit->transaction.value(), 0x0102030405060708u);
  EXPECT_TRUE(submit->zero_packet);
  EXPECT_FALSE(submit->short_not_ok);
  EXPECT_EQ(submit->data, bulk_out(600).data);
}

TEST(UrbSubmit, RoundTripsLargestTransfer) {
  ASSERT_TRUE(decode_urb_submit(encode(bulk_out(kMaxUrbBytes))));
  EXPECT_EQ(submit_error(encode(bulk_out(kMaxUrbBytes + 1))), WireError::too_large);
}

TEST(UrbSubmit, BulkInCarriesNoData) {
  auto submit = bulk_out(512);
  submit.endpoint = EndpointAddress{0x81};
  EXPECT_EQ(submit_error(encode(submit)), WireError::trailing_bytes);
  submit.data.clear();
  EXPECT_TRUE(decode_urb_submit(encode(submit)));
}

TEST(UrbSubmit, RefusesEveryTruncation) {
  for (const auto& whole : {encode(bulk_out(40)), kGetDescriptor})
    for (std::size_t bytes = 0; bytes < whole.size(); ++bytes)
      EXPECT_FALSE(decode_urb_submit(std::span(whole).first(bytes))) << bytes;
}

TEST(UrbSubmit, RefusesTrailingByte) {
  auto bytes = encode(bulk_out(40));
  bytes.push_back(std::byte{0});
  EXPECT_EQ(submit_error(bytes), WireError::trailing_bytes);
}

TEST(UrbSubmit, RefusesIsochronousAndUnknownTypes) {
  for (const std::byte type : {std::byte{1}, std::byte{4}, std::byte{255}}) {
    auto bytes = encode(bulk_out(4));
    bytes[2] = type;
    EXPECT_EQ(submit_error(bytes), WireError::unknown_type);
  }
}

TEST(UrbSubmit, RefusesUnknownFlagsAndReservedEndpointBits) {
  auto flags = encode(bulk_out(4));
  flags[3] = std::byte{4};
  EXPECT_EQ(submit_error(flags), WireError::malformed);
  auto endpoint = encode(bulk_out(4));
  endpoint[1] = std::byte{0x12};
  EXPECT_EQ(submit_error(endpoint), WireError::malformed);
}

TEST(UrbSubmit, RefusesSetupThatDisagrees) {
  auto control = kGetDescriptor;
  control[15] = std::byte{0x41};  // transfer length 65, wLength 64
  EXPECT_EQ(submit_error(control), WireError::malformed);
  auto bulk = encode(bulk_out(4));
  bulk[16] = std::byte{0x80};
  EXPECT_EQ(submit_error(bulk), WireError::malformed);
}

TEST(UrbReply, FromCapture) {
  // The answer: 18 bytes of device descriptor, status 0.
  const auto bytes = test::from_hex(
      "03 00 00 00  00 00 00 00 00 00 00 07  00 00 00 00  00 00 00 12"
      "12 01 00 02 ef 02 01 40 09 12 02 a1 00 01 01 02 03 01");
  const auto reply = decode_urb_reply(bytes);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, UrbStatus::ok);
  EXPECT_EQ(reply->data.size(), 18u);
  EXPECT_EQ(encode(*reply), bytes);
}

TEST(UrbReply, RoundTrips) {
  const auto reply = decode_urb_reply(encode(in_reply(33)));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, UrbStatus::remote_io);
  EXPECT_EQ(reply->data, in_reply(33).data);
}

TEST(UrbReply, OutReplyCountsWithoutData) {
  auto reply = in_reply(0);
  reply.actual = 512;
  const auto decoded = decode_urb_reply(encode(reply));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->actual, 512u);
}

TEST(UrbReply, RefusesEveryTruncationOfInData) {
  const auto whole = encode(in_reply(40));
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
    if (bytes == kUrbReplyFixed) continue;  // an OUT reply
    EXPECT_FALSE(decode_urb_reply(std::span(whole).first(bytes))) << bytes;
  }
}

TEST(UrbReply, RefusesBadFields) {
  auto positive = in_reply(0);
  positive.status = static_cast<UrbStatus>(1);
  EXPECT_EQ(reply_error(encode(positive)), WireError::malformed);
  auto large = in_reply(0);
  large.actual = kMaxUrbBytes + 1;
  EXPECT_EQ(reply_error(encode(large)), WireError::too_large);
  auto more = in_reply(8);
  more.actual = 7;
  EXPECT_EQ(reply_error(encode(more)), WireError::trailing_bytes);
  auto reserved = encode(in_reply(0));
  reserved[2] = std::byte{1};
  EXPECT_EQ(reply_error(reserved), WireError::malformed);
}

TEST(UrbCancel, RoundTripsAndRefusesEveryOtherLength) {
  auto bytes = encode(UrbCancel{AttachmentId{4}, TransactionId{77}});
  const auto cancel = decode_urb_cancel(bytes);
  ASSERT_TRUE(cancel);
  EXPECT_EQ(cancel->attachment, AttachmentId{4});
  EXPECT_EQ(cancel->transaction, TransactionId{77});
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(decode_urb_cancel(std::span(bytes).first(size)));
  bytes.push_back(std::byte{0});
  EXPECT_FALSE(decode_urb_cancel(bytes));
}

}  // namespace
}  // namespace usbgw::wire
