// Who gets a device, who is told what instead, and when a device is free again.
#include <gtest/gtest.h>

#include "tests/node/agent_bench.h"

namespace usbgw::node {
namespace {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

constexpr const char* kDevice = "1209:a102:0001";

struct Sharing : testing::Test {
  Sharing() { bench.devices.plug(kDevice); }
  [[nodiscard]] std::string holder() {
    const auto exports = bench.agent().exports(bench.clock.now());
    return exports.empty() ? "no export" : exports.front().holder;
  }
  // The ids that the agent lists to a host.
  [[nodiscard]] Lines listed(TestHost& host) {
    host.send(wire::SessionMessage{wire::ListExports{9}});
    bench.run();
    Lines ids;
    const auto answer = host.take<wire::Exports>();
    EXPECT_TRUE(answer.has_value());
    if (answer)
      for (const auto& info : answer->exports) ids.push_back(info.id);
    return ids;
  }
  AgentBench bench{{"1209:a102"}};
};

TEST_F(Sharing, SecondHostIsToldWhoHoldsTheDeviceAndForHowLong) {
  TestHost& room = bench.connect("room");
  TestHost& annex = bench.connect("annex");
  static_cast<void>(bench.attach(room, kDevice));
  bench.run_for(12s);
  const auto refused = bench.refusal(annex, "1209:a102");
  EXPECT_EQ(refused.code, ErrorCode::busy);
  EXPECT_EQ(refused.text, "1209:a102:0001 is held by room for 12 s");
  EXPECT_EQ(holder(), "room");
  EXPECT_EQ(bench.audit.summary(), (Lines{"grant room", "refusal annex"}));
  EXPECT_TRUE(bench.log.has("annex was refused 1209:a102: 1209:a102:0001 is held by room"));
  EXPECT_TRUE(bench.stop());
}

TEST_F(Sharing, LeaseOutlivesItsTimeWhileTheConnectionStands) {
  TestHost& room = bench.connect("room");
  static_cast<void>(bench.attach(room, kDevice));
  bench.run_for(3 * control::kLeaseTime);
  EXPECT_EQ(holder(), "room");
  EXPECT_EQ(bench.audit.summary(), (Lines{"grant room"}));
}

TEST_F(Sharing, LeaseIsReleasedAtOnceWhenItsConnectionDies) {
  TestHost& room = bench.connect("room");
  TestHost& annex = bench.connect("annex");
  static_cast<void>(bench.attach(room, kDevice));
  room.hang_up();
  annex.send(wire::SessionMessage{wire::Attach{3, kDevice}});
  bench.run_for(2ms);
  EXPECT_EQ(holder(), "annex");
  bench.run();
  EXPECT_TRUE(annex.take<wire::Attached>().has_value());
  EXPECT_EQ(bench.devices.most_open_devices(), 1u);  // never opened twice
  EXPECT_EQ(bench.audit.summary(), (Lines{"grant room", "release room", "grant annex"}));
  EXPECT_TRUE(bench.log.has("room disconnected: room closed the connection"));
}

TEST_F(Sharing, DetachLeavesNothing) {
  TestHost& room = bench.connect("room");
  const AttachmentId attachment = bench.attach(room, kDevice);
  room.send(wire::SessionMessage{wire::Detach{attachment}});
  bench.run();
  EXPECT_EQ(bench.devices.open_devices(), 0u);
  EXPECT_TRUE(bench.store.list().empty());
  EXPECT_EQ(holder(), "");
  EXPECT_TRUE(room.is_connected());
  EXPECT_NE(bench.attach(room, kDevice), AttachmentId{});
}

TEST_F(Sharing, UnpluggedDeviceIsSaidGoneAndItsLeaseEnds) {
  TestHost& room = bench.connect("room");
  const AttachmentId attachment = bench.attach(room, kDevice);
  bench.devices.unplug(kDevice);
  bench.run();
  const auto gone = room.take<wire::DeviceGone>();
  ASSERT_TRUE(gone.has_value());
  EXPECT_EQ(gone->attachment, attachment);
  EXPECT_EQ(gone->reason, "1209:a102:0001 was unplugged");
  EXPECT_TRUE(bench.store.list().empty());
  EXPECT_EQ(bench.devices.open_devices(), 0u);
  EXPECT_EQ(bench.refusal(room, kDevice).code, ErrorCode::not_found);
  EXPECT_EQ(bench.refusal(room, "1209:a102").text,
            "1209:a102 is exported by stage but not plugged in");
}

// The device went away while the host's Detach was on its way.
TEST_F(Sharing, LateDetachDoesNotEndTheNextAttachment) {
  bench.devices.plug("1209:a102:0002");
  TestHost& room = bench.connect("room");
  const AttachmentId first = bench.attach(room, kDevice);
  bench.devices.unplug(kDevice);
  bench.run();
  const AttachmentId second = bench.attach(room, "1209:a102:0002");
  EXPECT_NE(second, first);
  room.send(wire::SessionMessage{wire::Detach{first}});
  bench.run();
  EXPECT_EQ(bench.devices.open_devices(), 1u);
  EXPECT_EQ(room.count<wire::DeviceGone>(), 1u);  // the first's
}

TEST_F(Sharing, AttachmentIdsGoRoundAndPassOverThoseInUse) {
  bench.devices.plug("1209:a102:0002");
  TestHost& room = bench.connect("room");
  const AttachmentId kept = bench.attach(room, "1209:a102:0002");
  std::vector<int> given;
  for (int i = 0; i < 256; ++i) {
    const AttachmentId attachment = bench.attach(room, kDevice);
    given.push_back(attachment.value());
    room.send(wire::SessionMessage{wire::Detach{attachment}});
    bench.run();
  }
  EXPECT_EQ(kept, AttachmentId{1});
  for (int i = 0; i < 254; ++i) EXPECT_EQ(given[static_cast<std::size_t>(i)], i + 2);
  EXPECT_EQ(given[254], 2);
  EXPECT_EQ(given[255], 3);
}

TEST_F(Sharing, RevokedLeaseIsNotRenewedAndItsTokenEndsTheAttachment) {
  TestHost& room = bench.connect("room");
  static_cast<void>(bench.attach(room, kDevice));
  // A shared store says that the lease has run out.
  auto lease = *bench.store.find(kDevice).lease;
  lease.expires = bench.clock.now();
  ASSERT_TRUE(bench.store.compare_and_swap(kDevice, bench.store.find(kDevice).version, lease));
  bench.run_for(6s);
  EXPECT_EQ(room.take<wire::DeviceGone>().value_or(wire::DeviceGone{}).reason, "its lease ended");
  EXPECT_EQ(bench.devices.open_devices(), 0u);
  EXPECT_EQ(bench.audit.summary(), (Lines{"grant room", "expiry room"}));
}

TEST_F(Sharing, DeniedPeerIsToldTheRule) {
  bench.denied["guest"] = "1209:a102:0001 is denied to guest (studio.toml:12)";
  TestHost& guest = bench.connect("guest");
  const auto refused = bench.refusal(guest, kDevice);
  EXPECT_EQ(refused.code, ErrorCode::refused);
  EXPECT_EQ(refused.text, "1209:a102:0001 is denied to guest (studio.toml:12)");
  EXPECT_EQ(bench.audit.summary(), (Lines{"refusal guest"}));
  EXPECT_EQ(bench.devices.most_open_devices(), 0u);
}

TEST_F(Sharing, WhatTheRulesRefuseIsNotListed) {
  bench.devices.plug("1209:a102:0002");
  bench.denied["guest 1209:a102:0001"] = "no";
  TestHost& guest = bench.connect("guest");
  EXPECT_EQ(listed(guest), Lines{"1209:a102:0002"});
  EXPECT_EQ(listed(bench.connect("room")), (Lines{"1209:a102:0001", "1209:a102:0002"}));
  EXPECT_EQ(bench.agent().exports(bench.clock.now()).size(), 2u);
  EXPECT_NE(bench.attach(guest, "1209:a102"), AttachmentId{});  // the one that it may have
}

TEST_F(Sharing, UnpluggedExportIsNotListedToWhomTheRulesRefuseIt) {
  bench.devices.unplug(kDevice);
  bench.denied["guest 1209:a102"] = "no";
  EXPECT_EQ(listed(bench.connect("guest")), Lines{});
  EXPECT_EQ(listed(bench.connect("room")), Lines{"1209:a102"});
}

TEST_F(Sharing, RefusalNamesNothingThatTheRulesHide) {
  bench.devices.plug("1209:a102:0002");
  bench.devices.plug("1209:a102:0003");
  bench.denied["guest 1209:a102:0001"] = "no";
  TestHost& guest = bench.connect("guest");
  EXPECT_EQ(bench.refusal(guest, "1209:beef").text,
            "stage exports no 1209:beef; it exports 1209:a102:0002, 1209:a102:0003");
  EXPECT_EQ(bench.refusal(guest, "1209:a102").text,
            "1209:a102 is ambiguous on stage: 1209:a102:0002, 1209:a102:0003");
  bench.denied["guest"] = "no";
  EXPECT_EQ(bench.refusal(guest, "1209:beef").text,
            "stage exports no 1209:beef, nor anything else");
}

TEST_F(Sharing, UnknownDeviceIsAnsweredWithWhatThereIs) {
  TestHost& room = bench.connect("room");
  const auto refused = bench.refusal(room, "1209:beef");
  EXPECT_EQ(refused.code, ErrorCode::not_found);
  EXPECT_EQ(refused.text, "stage exports no 1209:beef; it exports 1209:a102:0001");
}

TEST_F(Sharing, AmbiguousDeviceIsAnsweredWithTheCandidates) {
  bench.devices.plug("1209:a102:0002");
  TestHost& room = bench.connect("room");
  const auto refused = bench.refusal(room, "1209:A102");
  EXPECT_EQ(refused.code, ErrorCode::invalid_argument);
  EXPECT_EQ(refused.text, "1209:a102 is ambiguous on stage: 1209:a102:0001, 1209:a102:0002");
  EXPECT_NE(bench.attach(room, "1209:a102:0002"), AttachmentId{});
}

TEST_F(Sharing, TwinsWithoutSerialNumbersAreNotGuessedBetween) {
  bench.devices.plug(kDevice);
  TestHost& room = bench.connect("room");
  EXPECT_EQ(bench.refusal(room, kDevice).code, ErrorCode::invalid_argument);
}

TEST_F(Sharing, DeviceThatComesBackWithOtherDescriptorsIsRefused) {
  TestHost& room = bench.connect("room");
  const AttachmentId attachment = bench.attach(room, kDevice);
  room.send(wire::SessionMessage{wire::Detach{attachment}});
  bench.run();
  bench.devices.grow_descriptors();
  const auto refused = bench.refusal(room, kDevice);
  EXPECT_EQ(refused.code, ErrorCode::refused);
  EXPECT_NE(refused.text.find("other descriptors"), std::string::npos);
  EXPECT_TRUE(bench.store.list().empty());
  EXPECT_EQ(bench.devices.open_devices(), 0u);
}

// What the log says of exports; each line is said once.
struct MissingExports : testing::Test {
  [[nodiscard]] Lines told() const {
    Lines lines;
    for (const std::string& line : bench.log.lines)
      if (line.starts_with("export ")) lines.push_back(line);
    return lines;
  }
  AgentBench bench{{"1209:a102", "1209:a103"}};
};

TEST_F(MissingExports, AreToldAtTheStartAndWhenTheyAppear) {
  const std::string missing = "export 1209:a103 is not plugged in; hosts get it when it is";
  bench.devices.plug("1209:a102:0001");
  bench.run();
  EXPECT_EQ(told(), Lines{missing});
  bench.run_for(1min);
  EXPECT_EQ(told(), Lines{missing});
  bench.devices.plug("1209:a103:0007");
  bench.run_for(6s);
  EXPECT_EQ(told(), (Lines{missing, "export 1209:a103 is plugged in now"}));
  bench.run_for(1min);
  EXPECT_EQ(told().size(), 2u);
}

TEST_F(MissingExports, AreNotLookedForWhenNoneIsMissing) {
  bench.devices.plug("1209:a102:0001");
  bench.devices.plug("1209:a103:0007");
  bench.run();
  EXPECT_EQ(told(), Lines{});
  EXPECT_EQ(bench.agent().next_deadline(), kNever);
}

TEST_F(Sharing, StoppingGivesEveryDeviceBack) {
  bench.devices.plug("1209:a102:0002");
  static_cast<void>(bench.attach(bench.connect("room"), kDevice));
  static_cast<void>(bench.attach(bench.connect("annex"), "1209:a102:0002"));
  EXPECT_EQ(bench.devices.open_devices(), 2u);
  EXPECT_TRUE(bench.stop());
}

}  // namespace
}  // namespace usbgw::node
