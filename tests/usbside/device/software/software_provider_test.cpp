#include "usbside/device/software/software_provider.h"

#include <gtest/gtest.h>

namespace usbgw::device::software {
namespace {

DeviceOptions named(std::string name) {
  DeviceOptions options;
  options.name = std::move(name);
  return options;
}

TEST(SoftwareProvider, ListsAndOpensWhatIsConfigured) {
  SoftwareProvider provider({named("uac2"), named("hid"), named("uac9")});
  const auto list = provider.list();
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0].id, "software:uac2");
  EXPECT_EQ(list[0].interface_classes, std::vector<std::uint8_t>{1});
  EXPECT_EQ(list[1].id, "software:hid");
  EXPECT_EQ(list[1].interface_classes, std::vector<std::uint8_t>{3});
  const auto device = provider.open(list[1]);
  ASSERT_TRUE(device.has_value());
  EXPECT_EQ((*device)->info().location, "software:hid");
}

TEST(SoftwareProvider, DeviceThatIsNotConfiguredIsNotFound) {
  SoftwareProvider provider({named("uac2")});
  PresentDevice midi;
  midi.id = "software:midi";
  const auto device = provider.open(midi);
  ASSERT_FALSE(device.has_value());
  EXPECT_EQ(device.error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace usbgw::device::software
