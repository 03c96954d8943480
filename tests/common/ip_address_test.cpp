#include "common/ip_address.h"

#include <gtest/gtest.h>

namespace usbgw {
namespace {

TEST(IpAddress, ParsesAndPrintsBothFamilies) {
  const auto v4 = IpAddress::parse("192.0.2.7");
  ASSERT_TRUE(v4);
  EXPECT_TRUE(v4->is_v4());
  EXPECT_EQ(v4->v4_host_order(), 0xC0000207u);
  EXPECT_EQ(v4->to_string(), "192.0.2.7");
  const auto v6 = IpAddress::parse("2001:db8::7");
  ASSERT_TRUE(v6);
  EXPECT_FALSE(v6->is_v4());
  EXPECT_EQ(v6->to_string(), "2001:db8::7");
}

TEST(IpAddress, RefusesWhatIsNoAddress) {
  for (const char* text : {"", "10.0.0", "10.0.0.256", "::1::", "eth0"}) {
    const auto parsed = IpAddress::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_NE(parsed.error().context.find(text), std::string::npos);
  }
}

TEST(IpNetwork, ContainsByPrefixBits) {
  const auto net = IpNetwork::parse("10.20.30.40/20");
  ASSERT_TRUE(net);
  EXPECT_TRUE(net->contains(*IpAddress::parse("10.20.31.255")));
  EXPECT_FALSE(net->contains(*IpAddress::parse("10.20.32.0")));
  EXPECT_FALSE(net->contains(*IpAddress::parse("fd00::1")));
  const auto all = IpNetwork::parse("10.0.0.1/0");
  ASSERT_TRUE(all);
  EXPECT_TRUE(all->contains(*IpAddress::parse("192.0.2.1")));
  const auto v6 = IpNetwork::parse("fd00:1::1/64");
  ASSERT_TRUE(v6);
  EXPECT_TRUE(v6->contains(*IpAddress::parse("fd00:1::ffff:2")));
  EXPECT_FALSE(v6->contains(*IpAddress::parse("fd00:1:0:1::2")));
}

TEST(IpNetwork, RefusesAPrefixThatDoesNotFitTheFamily) {
  EXPECT_FALSE(IpNetwork::parse("10.0.0.1"));
  EXPECT_FALSE(IpNetwork::parse("10.0.0.1/33"));
  EXPECT_FALSE(IpNetwork::parse("10.0.0.1/-1"));
  EXPECT_FALSE(IpNetwork::parse("10.0.0.1/8x"));
  EXPECT_TRUE(IpNetwork::parse("fd00::1/128"));
}

TEST(UdpEndpoint, PrintsIpv6InBrackets) {
  EXPECT_EQ((UdpEndpoint{*IpAddress::parse("fd00::1"), 4791}).to_string(), "[fd00::1]:4791");
}

}  // namespace
}  // namespace usbgw
