#include "wire/session_codec.h"

#include <gtest/gtest.h>

#include "common/ip_mtu.h"
#include "tests/hex.h"
#include "wire/session_proto.h"

namespace usbgw::wire {
namespace {

ExportInfo audio_export() {
  ExportInfo info;
  info.id = "1209:a102:0001";
  info.vendor_id = 0x1209;
  info.product_id = 0xA102;
  info.serial = "0001";
  info.manufacturer = "usbgw";
  info.product = "Software audio";
  info.speed = Speed::high;
  info.present = true;
  info.holder = "stage-a";
  info.held_seconds = 17;
  info.policy = "exclusive";
  info.interface_classes = {1, 3};
  return info;
}

Attached attached() {
  Attached message;
  message.request = 4;
  message.attachment = AttachmentId{2};
  message.info = audio_export();
  message.device_descriptor.assign(18, std::byte{1});
  message.configuration_descriptors = {test::from_hex("09 02 0a 00 01 01 00 80 32 00")};
  message.active_configuration = 1;
  message.packet_bytes = 600;
  message.playout = std::chrono::milliseconds(3);
  return message;
}

std::vector<SessionMessage> one_of_each() {
  const UdpEndpoint dataplane{IpAddress::v4(0x0A000002), 4791};
  StreamOpen open{AttachmentId{2},
                  EndpointAddress{0x81},
                  StreamEpoch{9},
                  StreamKind::polled,
                  64,
                  1300,
                  std::chrono::milliseconds(2),
                  8,
                  572};
  StreamOpened opened{AttachmentId{2},
                      EndpointAddress{0x01},
                      StreamEpoch{9},
                      true,
                      std::chrono::microseconds(125),
                      std::chrono::milliseconds(2)};
  const UdpEndpoint second{IpAddress::v4(0x0A150002), 61250};
  return {Hello{1, "stage-a", "0.1.0", dataplane, 0xDEADBEEF, 8900, second},
          Heartbeat{3},
          ListExports{8},
          Exports{8, {audio_export(), audio_export()}},
          Attach{9, "1209:a102"},
          attached(),
          Refused{9, ErrorCode::busy, "1209:a102 is held by stage-b since 12 s"},
          Detach{AttachmentId{2}},
          DeviceGone{AttachmentId{2}, "unplugged"},
          open,
          opened,
          StreamClose{AttachmentId{2}, EndpointAddress{0x81}, StreamEpoch{9}},
          KeyEpoch{2, 77},
          StreamTaken{AttachmentId{2}, EndpointAddress{0x81}, StreamEpoch{9}, 1ull << 40},
          StreamMargin{AttachmentId{2}, EndpointAddress{0x81}, StreamEpoch{9},
                       std::chrono::microseconds(4250)}};
}

std::vector<std::byte> bytes_of(const proto::SessionMessage& message) {
  std::vector<std::byte> bytes(message.ByteSizeLong());
  EXPECT_TRUE(message.SerializeToArray(bytes.data(), static_cast<int>(bytes.size())));
  return bytes;
}

bool is_refused(const proto::SessionMessage& message) {
  const auto decoded = decode_session(bytes_of(message));
  return !decoded && decoded.error() == WireError::malformed;
}

proto::SessionMessage valid_hello() {
  proto::SessionMessage message;
  const auto bytes = encode(one_of_each()[0]);
  EXPECT_TRUE(message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
  return message;
}

proto::SessionMessage valid_attached() {
  proto::SessionMessage message;
  const auto bytes = encode(attached());
  EXPECT_TRUE(message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
  return message;
}

TEST(SessionCodec, FromCapture) {
  // protoc --encode of `heartbeat { count: 300 }`.
  const auto bytes = test::from_hex("12 03 08 ac 02");
  const auto message = decode_session(bytes);
  ASSERT_TRUE(message);
  EXPECT_EQ(std::get<Heartbeat>(*message).count, 300u);
  EXPECT_EQ(encode(*message), bytes);
}

TEST(SessionCodec, RoundTripsEveryMessage) {
  for (const auto& message : one_of_each()) {
    const auto bytes = encode(message);
    const auto decoded = decode_session(bytes);
    ASSERT_TRUE(decoded) << message.index();
    EXPECT_EQ(decoded->index(), message.index());
    EXPECT_EQ(encode(*decoded), bytes);
  }
}

// Packets so small that their headers are most of them would only load the host.
TEST(SessionCodec, AttachedWithTinyPacketsIsRefused) {
  Attached message = attached();
  message.packet_bytes = 100;
  EXPECT_FALSE(decode_session(encode(SessionMessage{message})));
  message.packet_bytes = 0;
  EXPECT_TRUE(decode_session(encode(SessionMessage{message})));
}

TEST(SessionCodec, RoundTripsFields) {
  const auto decoded = decode_session(encode(attached()));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(std::get<Attached>(*decoded), attached());
  const auto hello = decode_session(encode(one_of_each()[0]));
  ASSERT_TRUE(hello);
  EXPECT_EQ(std::get<Hello>(*hello), std::get<Hello>(one_of_each()[0]));
  const auto open = decode_session(encode(one_of_each()[9]));
  ASSERT_TRUE(open);
  EXPECT_EQ(std::get<StreamOpen>(*open).playout, std::chrono::milliseconds(2));
  EXPECT_EQ(std::get<StreamOpen>(*open).urb_intervals, 8u);
  EXPECT_EQ(std::get<StreamOpen>(*open).max_payload, 572u);
}

TEST(SessionCodec, RefusesAStreamWhoseDatagramsWouldBeHeadersMostly) {
  auto open = std::get<StreamOpen>(one_of_each()[9]);
  open.max_payload = kLeastBoundedPayload;
  EXPECT_TRUE(decode_session(encode(open)));
  open.max_payload = kLeastBoundedPayload - 1;
  EXPECT_FALSE(decode_session(encode(open)));
  open.max_payload = 0;
  EXPECT_TRUE(decode_session(encode(open)));
}

TEST(SessionCodec, TruncationAtEveryLengthNeverGivesTheWholeMessage) {
  for (const auto& message : one_of_each()) {
    const auto bytes = encode(message);
    for (std::size_t size = 0; size < bytes.size(); ++size)
      EXPECT_FALSE(decode_session(std::span(bytes).first(size))) << message.index() << " " << size;
  }
}

TEST(SessionCodec, UnknownMessageIsToldApartFromAMalformedOne) {
  const auto decoded = decode_session(test::from_hex("fa 01 00"));  // field 31
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error(), WireError::unknown_type);
}

TEST(SessionCodec, RefusesHelloOutOfRange) {
  EXPECT_FALSE(is_refused(valid_hello()));
  auto message = valid_hello();
  message.mutable_hello()->set_udp_port(65536);
  EXPECT_TRUE(is_refused(message));
  message = valid_hello();
  message.mutable_hello()->set_name("");
  EXPECT_TRUE(is_refused(message));
  message = valid_hello();
  message.mutable_hello()->set_name(std::string(kMaxNameBytes + 1, 'a'));
  EXPECT_TRUE(is_refused(message));
  message = valid_hello();
  message.mutable_hello()->set_name("stage\x1b[31m");
  EXPECT_TRUE(is_refused(message));
  message = valid_hello();
  message.mutable_hello()->set_address("1234");
  EXPECT_TRUE(is_refused(message));
  message = valid_hello();
  message.mutable_hello()->set_max_datagram(65508);
  EXPECT_TRUE(is_refused(message));
}

TEST(SessionCodec, HelloWithoutASecondPathHasNone) {
  auto hello = std::get<Hello>(one_of_each()[0]);
  hello.second_path.reset();
  const auto back = decode_session(encode(hello));
  ASSERT_TRUE(back);
  EXPECT_EQ(std::get<Hello>(*back), hello);
}

TEST(SessionCodec, RefusesASecondPathThatIsNone) {
  const auto with = [](const char* address, std::uint32_t port) {
    auto message = valid_hello();
    const auto parsed = IpAddress::parse(address);
    message.mutable_hello()->set_second_address(
        std::string(parsed->bytes().begin(), parsed->bytes().end()));
    message.mutable_hello()->set_second_udp_port(port);
    return is_refused(message);
  };
  EXPECT_FALSE(with("10.99.0.1", 61250));
  EXPECT_FALSE(with("fd00::99", 61250));
  EXPECT_TRUE(with("10.99.0.1", 0));
  EXPECT_TRUE(with("10.99.0.1", 65536));
  for (const char* const nowhere :
       {"0.0.0.0", "::", "224.0.0.1", "239.255.0.1", "255.255.255.255", "ff02::1"})
    EXPECT_TRUE(with(nowhere, 61250)) << nowhere;
  auto message = valid_hello();
  message.mutable_hello()->set_second_address(message.hello().address());
  message.mutable_hello()->set_second_udp_port(1);
  EXPECT_TRUE(is_refused(message)) << "one machine's one address is one path";
  message = valid_hello();
  message.mutable_hello()->clear_second_address();
  EXPECT_TRUE(is_refused(message)) << "a port without an address";
  message.mutable_hello()->set_second_address("1234");
  EXPECT_TRUE(is_refused(message));
}

TEST(SessionCodec, RefusesDescriptorsThatDisagreeWithTheirLength) {
  EXPECT_FALSE(is_refused(valid_attached()));
  auto message = valid_attached();
  message.mutable_attached()->mutable_configuration_descriptors(0)->push_back('x');
  EXPECT_TRUE(is_refused(message));
  message = valid_attached();
  message.mutable_attached()->set_device_descriptor("short");
  EXPECT_TRUE(is_refused(message));
  message = valid_attached();
  message.mutable_attached()->clear_configuration_descriptors();
  EXPECT_TRUE(is_refused(message));
  message = valid_attached();
  message.mutable_attached()->set_attachment(256);
  EXPECT_TRUE(is_refused(message));
  message = valid_attached();
  message.mutable_attached()->mutable_info()->set_speed(4);
  EXPECT_TRUE(is_refused(message));
}

TEST(SessionCodec, RefusesTooManyExports) {
  proto::SessionMessage message;
  for (std::size_t i = 0; i <= kMaxExports; ++i) {
    auto& info = *message.mutable_exports()->add_exports();
    info.set_id("1209:a102");
    info.set_speed(3);
  }
  EXPECT_TRUE(is_refused(message));
  message.mutable_exports()->mutable_exports()->RemoveLast();
  EXPECT_FALSE(is_refused(message));
}

TEST(SessionCodec, EncodeMakesDeviceTextPrintable) {
  auto info = audio_export();
  info.product = "Mic\r\n\xff";
  const auto decoded = decode_session(encode(Exports{1, {info}}));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(std::get<Exports>(*decoded).exports.at(0).product, "Mic???");
}

}  // namespace
}  // namespace usbgw::wire
