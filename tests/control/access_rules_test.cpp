#include "control/access_rules.h"

#include <gtest/gtest.h>

namespace usbgw::control {
namespace {

ExportedDevice audio() {
  ExportedDevice device;
  device.id = "1209:a102:0001";
  device.vendor_id = 0x1209;
  device.product_id = 0xA102;
  device.serial = "0001";
  device.interface_classes = {1, 3};
  return device;
}

ExportedDevice software() {
  ExportedDevice device = audio();
  device.id = "software:uac2";
  return device;
}

AccessRule by_device(std::optional<std::uint16_t> vendor, std::optional<std::uint16_t> product = {},
                     std::optional<std::string> serial = {}) {
  AccessRule rule;
  rule.device = {vendor, product, std::move(serial), {}};
  return rule;
}

AccessRule by_class(std::uint8_t interface_class) {
  AccessRule rule;
  rule.interface_class = interface_class;
  return rule;
}

TEST(AccessRules, NothingIsAllowedByDefault) {
  EXPECT_EQ(AccessRules().refuses("host-1", audio()),
            "no rule allows host-1 to use 1209:a102:0001");
}

TEST(AccessRules, AllowsByVendorProductAndSerial) {
  for (const auto& rule : {by_device(0x1209), by_device(0x1209, 0xA102),
                           by_device(0x1209, 0xA102, "0001"), by_device({})}) {
    AccessRules rules;
    rules.allow(rule);
    EXPECT_FALSE(rules.refuses("host-1", audio()));
  }
  for (const auto& rule :
       {by_device(0x1210), by_device(0x1209, 0xA103), by_device(0x1209, 0xA102, "0002")}) {
    AccessRules rules;
    rules.allow(rule);
    EXPECT_TRUE(rules.refuses("host-1", audio()));
  }
}

TEST(AccessRules, AllowsOnePeerOnly) {
  AccessRules rules;
  auto rule = by_device(0x1209);
  rule.peer = "host-1";
  rules.allow(rule);
  EXPECT_FALSE(rules.refuses("host-1", audio()));
  EXPECT_TRUE(rules.refuses("host-10", audio()));
}

TEST(AccessRules, DenyWinsWhateverTheOrder) {
  AccessRules rules;
  auto denied = by_device(0x1209, 0xA102);
  denied.source = "studio.toml:12";
  rules.deny(denied);
  rules.allow(by_device(0x1209));
  rules.allow(by_device({}));
  EXPECT_EQ(rules.refuses("host-1", audio()),
            "1209:a102:0001 is denied to host-1 (studio.toml:12)");
}

TEST(AccessRules, DeniedClassInAnyInterfaceRefuses) {
  AccessRules rules;
  rules.allow(by_device({}));
  rules.deny(by_class(3));
  EXPECT_EQ(rules.refuses("host-1", audio()),
            "1209:a102:0001 is denied to host-1, it has class 0x03");
  auto plain = audio();
  plain.interface_classes = {1};
  EXPECT_FALSE(rules.refuses("host-1", plain));
}

TEST(AccessRules, EveryInterfaceNeedsAnAllowedClass) {
  AccessRules rules;
  rules.allow(by_class(1));
  EXPECT_EQ(rules.refuses("host-1", audio()),
            "no rule allows host-1 to use 1209:a102:0001: its class 0x03 is not allowed");
  rules.allow(by_class(3));
  EXPECT_FALSE(rules.refuses("host-1", audio()));
  auto unknown = audio();
  unknown.interface_classes.clear();
  EXPECT_TRUE(rules.refuses("host-1", unknown));
}

TEST(AccessRules, SoftwareDevicesAreMeantByNameOrByEverything) {
  AccessRules hardware;
  hardware.allow(by_device(0x1209));
  EXPECT_TRUE(hardware.refuses("host-1", software()));
  for (const std::string name : {"uac2", "*"}) {
    AccessRules rules;
    AccessRule rule;
    rule.device.software = name;
    rules.allow(rule);
    EXPECT_FALSE(rules.refuses("host-1", software()));
    EXPECT_TRUE(rules.refuses("host-1", audio()));
  }
}

}  // namespace
}  // namespace usbgw::control
