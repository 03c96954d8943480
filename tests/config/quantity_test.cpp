#include "config/quantity.h"

#include <gtest/gtest.h>

#include "config/defaults.h"
#include "config/device_selector.h"
#include "config/spelling.h"

namespace usbgw::config {
namespace {

using namespace std::chrono_literals;

TEST(Duration, NumberWithUnit_IsNanoseconds) {
  EXPECT_EQ(*parse_duration("250us"), 250us);
  EXPECT_EQ(*parse_duration("2ms"), 2ms);
  EXPECT_EQ(*parse_duration("1.5 s"), 1500ms);
  EXPECT_EQ(*parse_duration("0"), 0ns);
}

TEST(Duration, NoUnitWrongUnitOrNegative_IsRefused) {
  for (const char* text : {"", "2", "ms", "2 m", "-2ms", "2msx", "nan s", "inf s", "1e300s"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(Duration, Text_RoundTrips) {
  for (const Duration duration :
       {Duration{0}, Duration{1}, Duration{250us}, Duration{2ms}, Duration{1500ms}, Duration{3s}}) {
    EXPECT_EQ(*parse_duration(duration_text(duration)), duration);
  }
  EXPECT_EQ(duration_text(250us), "250us");
  EXPECT_EQ(duration_text(1500ms), "1500ms");
}

TEST(Rate, Bits_AreBytes) {
  EXPECT_EQ(*parse_rate("200Mbit"), 25'000'000U);
  EXPECT_EQ(*parse_rate("8kbit"), 1000U);
  EXPECT_FALSE(parse_rate("200"));
  EXPECT_FALSE(parse_rate("200mbit"));
}

TEST(Dscp, NamesAndNumbers_AreCodePoints) {
  EXPECT_EQ(*parse_dscp("EF"), 46);
  EXPECT_EQ(*parse_dscp("AF31"), 26);
  EXPECT_EQ(*parse_dscp("CS5"), 40);
  EXPECT_EQ(*parse_dscp("63"), 63);
  EXPECT_FALSE(parse_dscp("64"));
}

TEST(Dscp, UnknownName_SuggestsTheNearest) {
  EXPECT_NE(parse_dscp("AF3").error().find("did you mean \"AF"), std::string::npos);
}

TEST(InterfaceClass, NameOrHexadecimal_IsTheClass) {
  EXPECT_EQ(*parse_interface_class("audio"), 1);
  EXPECT_EQ(*parse_interface_class("mass-storage"), 8);
  EXPECT_EQ(*parse_interface_class("0xff"), 255);
  EXPECT_FALSE(parse_interface_class("0x100"));
}

TEST(HostPort, AddressesAndNames_Parse) {
  EXPECT_EQ(*parse_host_port("10.0.0.2:7443"), (HostPort{"10.0.0.2", 7443}));
  EXPECT_EQ(*parse_host_port("[fd00::2]:80"), (HostPort{"fd00::2", 80}));
  EXPECT_EQ(*parse_host_port("stage-box"), (HostPort{"stage-box", kControlPort}));
  EXPECT_EQ(parse_host_port("[fd00::2]:80")->to_string(), "[fd00::2]:80");
}

TEST(HostPort, NoHostOrImpossiblePort_IsRefused) {
  for (const char* text : {"", ":7443", "a:0", "a:65536", "a:b", "[fd00::2", "[]:1", "fd00::2"}) {
    EXPECT_FALSE(parse_host_port(text)) << text;
  }
}

TEST(Device, EveryForm_RoundTrips) {
  for (const char* text : {"1209:a101", "1209:a101:SN 1:2", "software:uac2"}) {
    EXPECT_EQ(parse_device(text)->to_string(), text);
  }
  for (const char* text : {"*", "1209:*", "software:*"}) {
    EXPECT_FALSE(parse_device(text)) << text;
    EXPECT_EQ(parse_device_pattern(text)->to_string(), text);
  }
}

TEST(Device, WrongForm_IsRefused) {
  for (const char* text :
       {"", "1209", "1209:a1", "1209:g101", "1209:a101:", "software:", "12345:1"}) {
    EXPECT_FALSE(parse_device(text)) << text;
  }
}

TEST(Device, Selector_MatchesOnlyWhatItNames) {
  EXPECT_TRUE(parse_device("1209:a101")->matches(0x1209, 0xa101, "7"));
  EXPECT_FALSE(parse_device("1209:a101:8")->matches(0x1209, 0xa101, "7"));
  EXPECT_TRUE(parse_device_pattern("1209:*")->matches(0x1209, 0x0001, ""));
  EXPECT_TRUE(parse_device_pattern("*")->matches(1, 2, ""));
  EXPECT_FALSE(parse_device("software:uac2")->matches(0x1209, 0xa101, ""));
}

TEST(Device, Patterns_OverlapWhenOneDeviceMatchesBoth) {
  const auto overlap = [](const char* a, const char* b) {
    return parse_device_pattern(a)->overlaps(*parse_device_pattern(b)) &&
           parse_device_pattern(b)->overlaps(*parse_device_pattern(a));
  };
  EXPECT_TRUE(overlap("*", "software:uac2"));
  EXPECT_TRUE(overlap("1209:*", "1209:a101:7"));
  EXPECT_TRUE(overlap("software:*", "software:uac2"));
  EXPECT_FALSE(overlap("1209:a101:7", "1209:a101:8"));
  EXPECT_FALSE(overlap("software:uac1", "software:uac2"));
  EXPECT_FALSE(overlap("1209:a101", "software:*"));
}

TEST(Spelling, FarFromEverything_SuggestsNothing) {
  constexpr std::string_view kWords[] = {"mtu", "dscp", "gateway"};
  EXPECT_EQ(nearest("gatway", kWords), "gateway");
  EXPECT_EQ(nearest("mut", kWords), std::nullopt);
  EXPECT_EQ(nearest("elephant", kWords), std::nullopt);
  EXPECT_EQ(unknown("unknown key", "gatway", kWords),
            "unknown key; did you mean \"gateway\"? Allowed: mtu, dscp, gateway");
}

}  // namespace
}  // namespace usbgw::config
