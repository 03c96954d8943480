#include "dataplane/dpdk/port_config.h"

#include <gtest/gtest.h>

#include "dataplane/dpdk/device_arguments.h"
#include "dataplane/dpdk/eal.h"

namespace usbgw::dpdk {
namespace {

PortConfig config(std::string_view spec, std::size_t mtu = 1500) {
  PortConfig config;
  config.spec = PortSpec::parse(spec).value();
  config.networks = {IpNetwork::parse("10.0.0.2/24").value()};
  config.udp_port = 4791;
  config.mtu = mtu;
  return config;
}

std::string refusal(const PortConfig& config) {
  const auto valid = validate(config);
  return valid ? "" : valid.error().context;
}

TEST(PortSpec, EveryFormRoundTrips) {
  for (const auto* text : {"0000:03:00.0", "0000:af:1f.7", "af_packet:eth0", "af_xdp:enp3s0",
                           "tap:usbgw0", "memif:/run/a.sock,server", "memif:a,client", "ring"}) {
    const auto spec = PortSpec::parse(text);
    ASSERT_TRUE(spec) << text;
    EXPECT_EQ(spec->to_string(), text);
  }
  EXPECT_TRUE(PortSpec::parse("memif:/run/a.sock,server")->memif_server);
  EXPECT_EQ(PortSpec::parse("memif:/run/a.sock,server")->name, "/run/a.sock");
}

TEST(PortSpec, AnythingElse_IsRefusedWithTheTextAndWhatIsAllowed) {
  for (const auto* text :
       {"", "eth0", "af_packet:", "af_packet", "af_packet:a/b", "af_packet:sixteen-letters-x",
        "af_packet:eth0,fanout=1", "tap:", "memif:/run/a.sock", "memif:,server", "memif:/a,b",
        "ring:1", "0000:03:00.8", "0000:03:00", "000:03:00.0", "pci:0000:03:00.0"}) {
    const auto spec = PortSpec::parse(text);
    ASSERT_FALSE(spec) << text;
    EXPECT_NE(spec.error().context.find('"' + std::string(text) + '"'), std::string::npos);
    EXPECT_NE(spec.error().context.find("af_packet:IFACE"), std::string::npos);
  }
  EXPECT_NE(PortSpec::parse("03:00.0").error().context.find("0000:03:00.0"), std::string::npos);
}

TEST(PortConfig, MtuOutsideTheTypesLimits_IsRefusedWithTheLimits) {
  EXPECT_EQ(refusal(config("af_packet:eth0", 9000)), "");
  EXPECT_EQ(refusal(config("af_xdp:eth0", 3498)), "");
  EXPECT_EQ(refusal(config("tap:t", 1500)), "");
  EXPECT_NE(refusal(config("af_packet:eth0", 9001)).find("1280 to 9000"), std::string::npos);
  EXPECT_NE(refusal(config("af_xdp:eth0", 3499)).find("1280 to 3498"), std::string::npos);
  EXPECT_NE(refusal(config("tap:t", 1501)).find("mtu = 1501"), std::string::npos);
  for (const auto* address : {"10.0.0.2/24", "fd00::2/64"}) {
    auto small = config("ring", 1280);
    small.networks = {IpNetwork::parse(address).value()};
    EXPECT_EQ(refusal(small), "");
    small.mtu = 1279;
    EXPECT_NE(refusal(small).find("mtu = 1279 is not possible: ring ports carry 1280 to 9000"),
              std::string::npos);
  }
}

TEST(PortConfig, ImpossibleValues_AreRefusedByKey) {
  const auto with = [](auto change) {
    auto changed = config("af_xdp:eth0");
    change(changed);
    return refusal(changed);
  };
  EXPECT_NE(with([](auto& c) { c.networks.clear(); }).find("address"), std::string::npos);
  EXPECT_NE(with([](auto& c) { c.udp_port = 0; }).find("udp_port"), std::string::npos);
  EXPECT_NE(with([](auto& c) {
              c.gateways = {IpAddress::parse("192.0.2.1").value()};
            }).find("gateway 192.0.2.1"),
            std::string::npos);
  EXPECT_NE(with([](auto& c) { c.marking.dscp = 64; }).find("dscp"), std::string::npos);
  EXPECT_NE(with([](auto& c) { c.marking.pcp = 8; }).find("pcp"), std::string::npos);
  EXPECT_NE(with([](auto& c) { c.marking.pcp = 1; }).find("needs a vlan"), std::string::npos);
  EXPECT_NE(with([](auto& c) { c.marking.vlan = 4095; }).find("vlan"), std::string::npos);
  EXPECT_NE(with([](auto& c) { c.marking.vlan = 7; }).find("af_xdp"), std::string::npos);
}

TEST(DeviceArguments, AfPacketHasRoomForJumboFrames) {
  const auto arguments = device_arguments(config("af_packet:eth0"), "");
  EXPECT_EQ(arguments.driver, "net_af_packet");
  EXPECT_EQ(arguments.text, "iface=eth0,blocksz=65536,framesz=16384,framecnt=512,qdisc_bypass=1");
}

TEST(EalArguments, VirtualPortsNeedNoHugepagesAndNoPci) {
  EalConfig eal;
  eal.ports = {config("ring", 9000)};
  const auto arguments = eal_arguments(eal);
  const auto has = [&](std::string_view text) {
    return std::find(arguments.begin(), arguments.end(), text) != arguments.end();
  };
  EXPECT_TRUE(has("--no-huge") && has("--no-pci") && has("--no-telemetry"));
  EXPECT_FALSE(has("--in-memory"));
}

TEST(EalArguments, PciPortBringsHugepagesAndAnAllowList) {
  EalConfig eal;
  eal.ports = {config("0000:03:00.0")};
  const auto arguments = eal_arguments(eal);
  const auto allow = std::find(arguments.begin(), arguments.end(), "-a");
  ASSERT_NE(allow, arguments.end());
  EXPECT_EQ(*(allow + 1), "0000:03:00.0");
  EXPECT_EQ(std::count(arguments.begin(), arguments.end(), "--no-huge"), 0);
}

}  // namespace
}  // namespace usbgw::dpdk
