#include "app/doctor_network.h"

#include <gtest/gtest.h>

#include "app/doctor_checks.h"
#include "tests/app/scratch_folder.h"

namespace usbgw::app {
namespace {

control::PeerReport stage() {
  control::PeerReport peer;
  peer.name = "stage";
  peer.state = "open";
  peer.round_trip_min_ns = 500'000;
  peer.jitter_ns = 300'000;
  peer.path_payload = 1472;
  peer.counters = {{"sources_received", 9999}, {"sources_lost", 1}};
  return peer;
}

Finding judge(const control::PeerReport& peer, std::uint16_t mtu = 1500) {
  control::StatusReport status;
  status.peers = {peer};
  config::DataplaneSection dataplane;
  dataplane.mtu.value = mtu;
  return judge_peers(status, &dataplane).front();
}

TEST(DoctorNetwork, GoodPath_CostsHalfTheRoundTripAndTheJitter) {
  const Finding finding = judge(stage());
  EXPECT_EQ(finding.verdict, Verdict::good);
  EXPECT_EQ(finding.name, "peer stage");
  EXPECT_EQ(finding.cost, std::chrono::microseconds(550));
  EXPECT_EQ(finding.text,
            "RTT 0.50 ms, jitter 0.30 ms, loss 0.010 % (1 of 10000, 1 for good), payload 1472: "
            "each way costs half the RTT and the jitter");
}

TEST(DoctorNetwork, WhatWasRepaired_WasLostOnTheWay) {
  control::PeerReport peer = stage();
  peer.counters["sources_repaired"] = 99;
  const Finding finding = judge(peer);
  EXPECT_EQ(finding.verdict, Verdict::poor);
  EXPECT_NE(finding.text.find("loss 1.000 % (100 of 10000, 1 for good)"), std::string::npos)
      << finding.text;
}

TEST(DoctorNetwork, JitterAboveTheMargin_IsPoor) {
  control::PeerReport peer = stage();
  peer.jitter_ns = 4'000'000;
  EXPECT_EQ(judge(peer).verdict, Verdict::poor);
}

TEST(DoctorNetwork, DatagramsThatASwitchDrops_ArePoor) {
  const Finding finding = judge(stage(), 9000);
  EXPECT_EQ(finding.verdict, Verdict::poor);
  EXPECT_NE(finding.text.find("datagrams above 1472 bytes do not arrive"), std::string::npos)
      << finding.text;
}

TEST(DoctorNetwork, PeerThatIsAway_IsMissing) {
  control::PeerReport peer = stage();
  peer.state = "connecting";
  peer.error = "10.0.0.2:7443: connection refused";
  EXPECT_EQ(judge(peer).verdict, Verdict::missing);
  EXPECT_EQ(judge(peer).text, "connecting: 10.0.0.2:7443: connection refused");
}

TEST(DoctorNetwork, RoundTripThatJitterHides_IsMeasured) {
  control::PeerReport peer = stage();
  peer.round_trip_min_ns = 0;
  EXPECT_EQ(judge(peer).verdict, Verdict::good);
  EXPECT_EQ(judge(peer).cost, std::chrono::microseconds(300));
}

TEST(DoctorNetwork, NotMeasuredYet_IsUnknown) {
  control::PeerReport peer = stage();
  peer.round_trip_min_ns = peer.jitter_ns = std::nullopt;
  EXPECT_EQ(judge(peer).verdict, Verdict::unknown);
  EXPECT_EQ(judge_peers({}, nullptr).front().verdict, Verdict::unknown);
  EXPECT_EQ(unknown_peers("nobody answers").text,
            "RTT, loss and jitter are not known: nobody answers");
}

class Nic : public ScratchFolder {};

TEST_F(Nic, Speed_IsWhatADatagramWaits) {
  config::DataplaneSection dataplane;
  dataplane.port.value = "af_packet:eth1";
  dataplane.mtu.value = 9000;
  EXPECT_FALSE(check_nic(root_, dataplane));
  write("/sys/class/net/eth1/speed", "1000\n");
  std::filesystem::create_directories(root_ + "/sys/class/net/eth1/device");
  std::filesystem::create_symlink("../../../bus/pci/drivers/e1000e",
                                  root_ + "/sys/class/net/eth1/device/driver");
  const auto finding = check_nic(root_, dataplane);
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->verdict, Verdict::good);
  EXPECT_EQ(finding->cost, std::chrono::nanoseconds(72'304));
  EXPECT_EQ(finding->text.substr(0, 18), "e1000e, 1000 Mbit/");
  write("/sys/class/net/eth1/speed", "100\n");
  EXPECT_EQ(check_nic(root_, dataplane)->verdict, Verdict::poor);
  write("/sys/class/net/eth1/speed", "-1\n");
  EXPECT_EQ(check_nic(root_, dataplane)->text, "e1000e, speed unknown");
  dataplane.port.value = "ring";
  EXPECT_FALSE(check_nic(root_, dataplane));
}

}  // namespace
}  // namespace usbgw::app
