#include "control/admin_protocol.h"

#include <gtest/gtest.h>

namespace usbgw::control {
namespace {

StatusReport sample_status() {
  StatusReport status;
  status.node = "room";
  status.version = "0.1.0";
  status.roles = {"host"};
  status.port = "af_packet:eth1";
  status.uptime_s = 61;
  StreamReport stream;
  stream.endpoint = 0x81;
  stream.direction = "in";
  stream.open = true;
  stream.base_ns = 250'000;
  stream.playout_ns = 2'000'000;
  stream.clock_ppm = -12.5;
  stream.intervals.direct = 1000;
  stream.intervals.concealed = 3;
  stream.latency_p99_ns = 2'300'000;
  stream.agent_fifo = LevelReport{3'000'000, 2'900'000, 2'800'000, 3'100'000};
  AttachmentReport attachment;
  attachment.peer = "stage";
  attachment.device = "1209:a101";
  attachment.vhci_port = 0;
  attachment.streams = {stream};
  status.attachments = {attachment};
  PeerReport peer;
  peer.name = "stage";
  peer.counters = {{"datagrams_sent", UINT64_MAX}};
  status.peers = {peer};
  status.audit_failures = 2;
  return status;
}

TEST(AdminProtocol, Requests_RoundTrip) {
  const auto list = decode_request(encode(AdminRequest{ListRequest{"stage"}}));
  ASSERT_TRUE(list);
  EXPECT_EQ(std::get<ListRequest>(*list).peer, "stage");
  const auto attach = decode_request(encode(AdminRequest{AttachRequest{"1209:a101", "stage", 3}}));
  ASSERT_TRUE(attach);
  EXPECT_EQ(std::get<AttachRequest>(*attach).vhci_port, 3U);
  const auto any = decode_request(encode(AdminRequest{AttachRequest{"1209:a101", {}, {}}}));
  ASSERT_TRUE(any);
  EXPECT_EQ(std::get<AttachRequest>(*any).vhci_port, std::nullopt);
  EXPECT_TRUE(decode_request(encode(AdminRequest{StatusRequest{}})));
  EXPECT_EQ(std::get<DetachRequest>(*decode_request(encode(AdminRequest{DetachRequest{"d", "p"}})))
                .device,
            "d");
}

TEST(AdminProtocol, Reports_RoundTrip) {
  const AdminReport report = sample_status();
  const auto read = decode_reply(encode(report));
  ASSERT_TRUE(read) << read.error().context;
  EXPECT_EQ(to_json_text(*read), to_json_text(report));
  const auto& status = std::get<StatusReport>(*read);
  EXPECT_EQ(status.peers[0].counters.at("datagrams_sent"), UINT64_MAX);
  EXPECT_EQ(status.attachments[0].vhci_port, 0U);
  EXPECT_EQ(status.audit_failures, 2U);
  EXPECT_DOUBLE_EQ(status.attachments[0].streams[0].clock_ppm, -12.5);
}

TEST(AdminProtocol, Error_ComesBackAsTheSameError) {
  const auto read = decode_reply(encode(Error{ErrorCode::busy, "held by room 2"}));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::busy);
  EXPECT_EQ(read.error().context, "held by room 2");
}

TEST(AdminProtocol, BytesThatAreNotUtf8_AreReplaced) {
  ListReport list;
  list.devices.push_back({});
  list.devices[0].product = "Mix\xFF";
  const auto read = decode_reply(encode(AdminReport{list}));
  ASSERT_TRUE(read);
  EXPECT_EQ(std::get<ListReport>(*read).devices[0].product, "Mix\xEF\xBF\xBD");
}

TEST(AdminProtocol, MissingFields_TakeDefaults) {
  const auto read = decode_reply(R"({"command":"list","report":{"devices":[{"device":"x"}]}})");
  ASSERT_TRUE(read);
  EXPECT_EQ(std::get<ListReport>(*read).devices[0].lease_age_s, 0U);
}

TEST(AdminProtocol, WhatIsNoMessage_IsAProtocolError) {
  for (const char* line :
       {"", "x", "[]", "5", "{}", R"({"command":5})", R"({"command":"reboot"})",
        R"({"command":"attach","device":5})", R"({"command":"attach","vhci_port":"x"})"}) {
    const auto request = decode_request(line);
    ASSERT_FALSE(request) << line;
    EXPECT_EQ(request.error().code, ErrorCode::protocol);
    EXPECT_FALSE(decode_reply(line)) << line;
  }
  EXPECT_FALSE(decode_reply(R"({"command":"list","report":{"devices":5}})"));
}

TEST(AdminProtocol, TruncatedAtEveryLength_IsRefused) {
  const std::string line = encode(AdminReport{sample_status()});
  for (std::size_t length = 0; length < line.size(); ++length) {
    EXPECT_FALSE(decode_reply(std::string_view(line).substr(0, length))) << length;
  }
}

}  // namespace
}  // namespace usbgw::control
