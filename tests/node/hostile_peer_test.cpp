// What a peer that has a valid certificate and bad manners can do: lose its connection.
#include <gtest/gtest.h>

#include "common/random.h"
#include "tests/node/agent_bench.h"
#include "wire/urb_message.h"

namespace usbgw::node {
namespace {

using namespace std::chrono_literals;

constexpr const char* kDevice = "1209:a102:0001";

struct HostilePeer : testing::Test {
  HostilePeer() { bench.devices.plug(kDevice); }
  // The peer has lost its connection, the reason was logged, and nothing of it is left.
  void expect_thrown_out(TestHost& host, std::string_view reason) {
    EXPECT_FALSE(host.is_connected());
    EXPECT_TRUE(bench.log.has(reason)) << reason;
    EXPECT_EQ(bench.devices.open_devices(), 0u);
    EXPECT_TRUE(bench.store.list().empty());
    EXPECT_TRUE(bench.agent().peers().empty());
  }
  AgentBench bench{{kDevice}};
};

TEST_F(HostilePeer, MessageBeforeTheGreetingEndsTheConnection) {
  TestHost& host = bench.knock("mallory");
  bench.run();
  host.send(wire::SessionMessage{wire::ListExports{1}});
  bench.run();
  expect_thrown_out(host, "mallory did not start with a greeting");
}

TEST_F(HostilePeer, OneNameTakesNoMoreThanItsConnections) {
  std::vector<TestHost*> taken;
  for (std::size_t i = 0; i < kMaxConnectionsOfAName; ++i) {
    taken.push_back(&bench.knock("mallory"));  // greeted or not
    bench.run();
    if (i % 2 == 0) taken.back()->greet();
    bench.run();
  }
  TestHost& late = bench.knock("mallory");
  bench.run();
  EXPECT_FALSE(late.is_connected());
  EXPECT_TRUE(bench.log.has("connection refused: mallory has 8 connections to stage already"));
  for (const TestHost* const host : taken) EXPECT_TRUE(host->is_connected());
  EXPECT_NE(bench.attach(bench.connect("room"), kDevice), AttachmentId{});
  taken.front()->hang_up();
  bench.run();
  EXPECT_TRUE(bench.connect("mallory").is_connected());
}

TEST_F(HostilePeer, OtherProtocolVersionIsNamed) {
  TestHost& host = bench.knock("mallory");
  bench.run();
  wire::Hello hello;
  hello.protocol = kProtocol + 1;
  hello.name = "mallory";
  hello.max_datagram = 1452;
  host.send(wire::SessionMessage{hello});
  bench.run();
  expect_thrown_out(host, "mallory speaks protocol 2, we speak 1");
}

// This agent has one port: the host's second path is no use to it, and an absurd one is refused.
TEST_F(HostilePeer, SecondPathIsTakenOrLeftAndAnAbsurdOneEndsTheConnection) {
  wire::Hello hello;
  hello.protocol = kProtocol;
  hello.name = "mallory";
  hello.dataplane = {IpAddress::v4(0x0A140002), 49'600};
  hello.max_datagram = 1452;
  hello.second_path = UdpEndpoint{IpAddress::v4(0x0A150002), 49'600};
  TestHost& plain = bench.knock("mallory");
  bench.run();
  plain.send(wire::SessionMessage{hello});
  bench.run();
  EXPECT_TRUE(plain.is_connected());
  plain.hang_up();
  bench.run();
  for (const std::uint32_t nowhere : {0u, 0xE0000001u, 0xFFFFFFFFu, 0x0A140002u}) {
    hello.second_path->address = IpAddress::v4(nowhere);
    TestHost& host = bench.knock("mallory");
    bench.run();
    host.send(wire::SessionMessage{hello});
    bench.run();
    expect_thrown_out(host, "mallory did not start with a greeting");
  }
}

TEST_F(HostilePeer, MessageThatOnlyAnAgentSendsEndsTheConnection) {
  TestHost& host = bench.connect("mallory");
  static_cast<void>(bench.attach(host, kDevice));
  host.send(wire::MessageType::urb_reply, wire::encode(wire::UrbReply{}));
  bench.run();
  expect_thrown_out(host, "mallory disconnected: mallory sent a message that only an agent sends");
}

TEST_F(HostilePeer, GarbageOfEveryTypeEndsTheConnection) {
  const std::vector<std::byte> garbage(11, std::byte{0xFF});
  for (const auto type :
       {wire::MessageType::session, wire::MessageType::urb_submit, wire::MessageType::urb_cancel}) {
    TestHost& host = bench.connect("mallory");
    static_cast<void>(bench.attach(host, kDevice));
    host.send(type, garbage);
    bench.run();
    expect_thrown_out(host, "does not decode");
    bench.log.lines.clear();
  }
}

TEST_F(HostilePeer, MessagesBehindTheOneThatEndedTheConnectionAreNotRun) {
  TestHost& host = bench.connect("mallory");
  host.send(wire::MessageType::urb_submit, std::vector<std::byte>(3));
  host.send(wire::SessionMessage{wire::Attach{1, kDevice}});
  bench.run();
  expect_thrown_out(host, "sent a URB that does not decode");
  EXPECT_EQ(bench.devices.most_open_devices(), 0u);
}

TEST_F(HostilePeer, KeyEpochOutOfOrderEndsTheConnection) {
  TestHost& host = bench.connect("mallory");
  host.send(wire::SessionMessage{wire::KeyEpoch{2, 5}});
  bench.run();
  expect_thrown_out(host, "mallory gave key epoch 2 after 0");
}

TEST_F(HostilePeer, KeyEpochFloodEndsTheConnection) {
  TestHost& host = bench.connect("mallory");
  for (std::uint32_t epoch = 1; epoch <= 5000; ++epoch)
    host.send(wire::SessionMessage{wire::KeyEpoch{epoch, epoch}});
  bench.run();
  expect_thrown_out(host, "mallory changes its keys without need");
}

TEST_F(HostilePeer, KeysChangeEveryTwoMinutes) {
  TestHost& host = bench.connect("room");
  bench.run_for(std::chrono::seconds(250));
  EXPECT_EQ(host.count<wire::KeyEpoch>(), 2u);
  EXPECT_EQ(host.take<wire::KeyEpoch>()->epoch, 1u);
  EXPECT_EQ(host.take<wire::KeyEpoch>()->epoch, 2u);
  EXPECT_TRUE(host.is_connected());
}

TEST_F(HostilePeer, SubmitToAnUnknownAttachmentIsAnsweredOnceCancelledOrNot) {
  TestHost& host = bench.connect("mallory");
  for (const std::uint64_t transaction : {1u, 2u}) {
    wire::UrbSubmit urb;
    urb.attachment = AttachmentId{200};
    urb.transaction = TransactionId{transaction};
    host.send(wire::MessageType::urb_submit, wire::encode(urb));
  }
  const wire::UrbCancel cancel{AttachmentId{200}, TransactionId{2}};
  host.send(wire::MessageType::urb_cancel, wire::encode(cancel));
  bench.run();
  host.send(wire::MessageType::urb_cancel, wire::encode(cancel));
  bench.run();
  ASSERT_EQ(host.urb_replies.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(host.urb_replies[i].attachment, AttachmentId{200});
    EXPECT_EQ(host.urb_replies[i].transaction, TransactionId{i + 1});
    EXPECT_EQ(host.urb_replies[i].status, UrbStatus::no_device);
  }
}

TEST_F(HostilePeer, UnknownAttachmentsAreIgnored) {
  TestHost& host = bench.connect("mallory");
  host.send(wire::MessageType::urb_cancel, wire::encode(wire::UrbCancel{AttachmentId{201}, {}}));
  host.send(wire::SessionMessage{wire::Detach{AttachmentId{202}}});
  host.send(wire::SessionMessage{wire::StreamOpen{AttachmentId{203}, EndpointAddress{0x81}, {}}});
  host.send(wire::SessionMessage{wire::StreamClose{AttachmentId{203}, EndpointAddress{0x81}, {}}});
  host.send(
      wire::SessionMessage{wire::StreamTaken{AttachmentId{203}, EndpointAddress{0x81}, {}, 1}});
  bench.run();
  EXPECT_TRUE(host.is_connected());
  EXPECT_NE(bench.attach(host, kDevice), AttachmentId{});
}

TEST_F(HostilePeer, StreamOpenFloodIsAnsweredOneByOneAndLeavesNothing) {
  TestHost& host = bench.connect("mallory");
  const AttachmentId attachment = bench.attach(host, kDevice);
  constexpr std::size_t kFlood = 5000;
  Random random(11);
  for (std::size_t i = 0; i < kFlood; ++i) {
    wire::StreamOpen open;
    open.attachment = attachment;
    open.endpoint = EndpointAddress(static_cast<std::uint8_t>(random.next() & 0x8F));
    open.epoch = StreamEpoch{static_cast<std::uint8_t>(i)};
    open.kind = random.next() % 2 == 0 ? wire::StreamKind::isochronous : wire::StreamKind::polled;
    open.packet_bytes = static_cast<std::uint32_t>(random.next() % wire::kMaxUrbBytes);
    open.source_bytes = static_cast<std::uint32_t>(random.next() % 2000);
    host.send(wire::SessionMessage{open});
  }
  bench.run_for(1s);
  EXPECT_TRUE(host.is_connected()) << bench.log.lines.back();
  EXPECT_EQ(host.count<wire::StreamOpened>(), kFlood);
  host.send(wire::SessionMessage{wire::Detach{attachment}});
  bench.run_for(1s);
  EXPECT_EQ(bench.devices.open_devices(), 0u);
  EXPECT_TRUE(bench.stop());
}

TEST_F(HostilePeer, HostThatNeverReadsIsDisconnected) {
  TestHost& host = bench.connect("mallory");
  bench.run();
  host.stop_reading();
  for (std::uint64_t i = 0; i < 70'000; ++i) host.send(wire::SessionMessage{wire::ListExports{i}});
  bench.run_for(2s);
  expect_thrown_out(host, "mallory does not read what it is sent");
}

TEST_F(HostilePeer, AttachFloodGivesOneLease) {
  TestHost& host = bench.connect("mallory");
  for (std::uint64_t i = 0; i < 500; ++i) host.send(wire::SessionMessage{wire::Attach{i, kDevice}});
  bench.run_for(1s);
  EXPECT_EQ(host.count<wire::Attached>(), 1u);
  EXPECT_EQ(host.count<wire::Refused>(), 499u);
  EXPECT_EQ(bench.devices.most_open_devices(), 1u);
}

TEST_F(HostilePeer, OthersKeepTheirDevices) {
  bench.devices.plug("1209:a102:0002");
  AgentBench& b = bench;
  TestHost& room = b.connect("room");
  const AttachmentId attachment = b.attach(room, kDevice);
  TestHost& host = b.connect("mallory");
  // Attachment ids are of one's own session: another's device is not reached through them.
  host.send(wire::SessionMessage{wire::Detach{attachment}});
  host.send(wire::MessageType::session, std::vector<std::byte>(9, std::byte{0xFF}));
  b.run();
  EXPECT_FALSE(host.is_connected());
  EXPECT_TRUE(room.is_connected());
  EXPECT_EQ(b.devices.open_devices(), 1u);
  EXPECT_FALSE(room.take<wire::DeviceGone>().has_value());
}

}  // namespace
}  // namespace usbgw::node
