// What the host makes of an agent's answers, and what it remembers of attachments that are over.
#include <gtest/gtest.h>

#include "tests/node/host_bench.h"

namespace usbgw::node {
namespace {

using Lines = std::vector<std::string>;

constexpr const char* kFirst = "1209:a102:0001";
constexpr const char* kSecond = "1209:a102:0002";

struct HostAttachments : testing::Test {
  HostBench bench;
};

TEST_F(HostAttachments, GrantedDeviceIsPluggedIn) {
  bench.attach_as(AttachmentId{1}, kFirst);
  bench.attach_as(AttachmentId{2}, kSecond);
  EXPECT_EQ(bench.attachments(), (Lines{"1209:a102:0001 live", "1209:a102:0002 live"}));
  EXPECT_EQ(bench.ports.used(), 2u);
}

TEST_F(HostAttachments, AgentThatGivesAnIdTwiceIsDisconnected) {
  bench.attach_as(AttachmentId{1}, kFirst);
  TestHost& agent = bench.agent();
  bench.attach_as(AttachmentId{1}, kSecond);
  EXPECT_FALSE(agent.is_connected());
  EXPECT_TRUE(
      bench.log.has("stage disconnected: stage gave attachment id 1 to 1209:a102:0002 while "
                    "1209:a102:0001 has it"));
  EXPECT_EQ(bench.attachments(), (Lines{"1209:a102:0001 failed", "1209:a102:0002 failed"}));
  EXPECT_EQ(bench.ports.used(), 0u);
}

// Nobody waits for the second grant: the Detach that declines it would end the first.
TEST_F(HostAttachments, UnaskedGrantOfAnIdInUseIsNotDeclinedByIt) {
  bench.attach_as(AttachmentId{1}, kFirst);
  TestHost& agent = bench.agent();
  wire::Attached unasked;
  unasked.request = 99;
  unasked.attachment = AttachmentId{1};
  unasked.info.id = kSecond;
  unasked.device_descriptor.resize(18);
  unasked.configuration_descriptors.emplace_back(9, std::byte{0});
  unasked.configuration_descriptors.back()[2] = std::byte{9};
  agent.send(wire::SessionMessage{unasked});
  bench.run();
  EXPECT_FALSE(agent.is_connected());
  EXPECT_EQ(agent.count<wire::Detach>(), 0u);
}

TEST_F(HostAttachments, DeviceThatComesAndGoesIsKeptOnce) {
  for (std::uint8_t time = 1; time <= 5; ++time) {
    bench.attach_as(AttachmentId{time}, kFirst);
    EXPECT_EQ(bench.attachments(), Lines{"1209:a102:0001 live"});
    bench.agent().send(wire::SessionMessage{wire::DeviceGone{AttachmentId{time}, "unplugged"}});
    bench.run();
    EXPECT_EQ(bench.attachments(), Lines{"1209:a102:0001 failed"});
  }
  bench.attach_as(AttachmentId{6}, kSecond);
  EXPECT_EQ(bench.attachments(), (Lines{"1209:a102:0001 failed", "1209:a102:0002 live"}));
}

TEST_F(HostAttachments, DeviceThatIsAttachedIsNotAttachedAgain) {
  bench.attach_as(AttachmentId{1}, kFirst);
  const auto again = bench.attach(kFirst);
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().context, "1209:a102:0001 on stage is already live here");
}

TEST_F(HostAttachments, PortWhoseLastDeviceIsStillThereIsWaitedFor) {
  bench.ports.leaving = host::VhciPort{0};
  bench.attach_as(AttachmentId{1}, kFirst);
  EXPECT_EQ(bench.attachments(), Lines{"1209:a102:0001 plugging"});
  bench.ports.leaving.reset();
  bench.run();
  EXPECT_EQ(bench.attachments(), Lines{"1209:a102:0001 live"});
}

TEST_F(HostAttachments, PortThatNeverBecomesFreeIsWaitedForTenSeconds) {
  bench.ports.leaving = host::VhciPort{0};
  bench.attach_as(AttachmentId{1}, kFirst);
  const Instant end = bench.clock.now() + std::chrono::seconds(10);
  while (bench.clock.now() + std::chrono::seconds(1) < end) bench.run();
  EXPECT_EQ(bench.attachments(), Lines{"1209:a102:0001 plugging"});
  while (bench.clock.now() < end) bench.run();
  EXPECT_EQ(bench.attachments(), Lines{"1209:a102:0001 failed"});
  EXPECT_TRUE(
      bench.log.has("1209:a102:0001 of stage is not attached: the port still has its last device"));
}

TEST_F(HostAttachments, DetachEndsTheWaitForAPort) {
  bench.ports.leaving = host::VhciPort{0};
  bench.attach_as(AttachmentId{1}, kFirst);
  bench.host().stop();
  bench.run();
  EXPECT_EQ(bench.attachments(), Lines{"1209:a102:0001 ended"});
  EXPECT_TRUE(bench.host().is_stopped());
}

TEST_F(HostAttachments, DetachIsOverWhenTheKernelHasTakenTheDeviceAway) {
  bench.attach_as(AttachmentId{1}, kFirst);
  bench.ports.leaving = host::VhciPort{0};
  bench.agent().send(wire::SessionMessage{wire::DeviceGone{AttachmentId{1}, "unplugged"}});
  bench.run();
  EXPECT_EQ(bench.attachments(), Lines{"1209:a102:0001 unplugging"});
  bench.ports.leaving.reset();
  bench.run();
  EXPECT_EQ(bench.attachments(), Lines{"1209:a102:0001 failed"});
}

TEST_F(HostAttachments, NothingIsAttachedWhileStopping) {
  bench.attach_as(AttachmentId{1}, kFirst);
  bench.host().stop();
  const auto attached = bench.attach(kSecond);
  ASSERT_FALSE(attached.has_value());
  EXPECT_EQ(attached.error().code, ErrorCode::refused);
  EXPECT_EQ(attached.error().context, "room is stopping: 1209:a102:0002 cannot be attached now");
  EXPECT_TRUE(bench.host().is_stopped());
  EXPECT_EQ(bench.ports.used(), 0u);
}

}  // namespace
}  // namespace usbgw::node
