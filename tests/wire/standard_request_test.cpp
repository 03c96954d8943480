#include "wire/standard_request.h"

#include <gtest/gtest.h>

namespace usbgw::wire {
namespace {

using Kind = StandardRequest::Kind;

SetupPacket setup(std::uint8_t type, std::uint8_t request, std::uint16_t value, std::uint16_t index,
                  std::uint16_t length = 0) {
  SetupPacket packet;
  packet.request_type = type;
  packet.request = request;
  packet.value = value;
  packet.index = index;
  packet.length = length;
  return packet;
}

TEST(StandardRequest, SetConfigurationGivesItsValue) {
  const auto request = StandardRequest::of(setup(0x00, 9, 2, 0));
  EXPECT_EQ(request.kind, Kind::set_configuration);
  EXPECT_EQ(request.value, 2);
}

TEST(StandardRequest, SetInterfaceGivesInterfaceAndAlternate) {
  const auto request = StandardRequest::of(setup(0x01, 11, 3, 1));
  EXPECT_EQ(request.kind, Kind::set_interface);
  EXPECT_EQ(request.interface, 1);
  EXPECT_EQ(request.value, 3);
}

TEST(StandardRequest, ClearHaltGivesTheEndpoint) {
  const auto request = StandardRequest::of(setup(0x02, 1, 0, 0x81));
  EXPECT_EQ(request.kind, Kind::clear_halt);
  EXPECT_EQ(request.endpoint, EndpointAddress{0x81});
}

TEST(StandardRequest, PortResetIsAReset) {
  EXPECT_EQ(StandardRequest::of(setup(0x23, 3, 4, 1)).kind, Kind::reset);
}

TEST(StandardRequest, WhatOnlyLooksAlikeIsNone) {
  EXPECT_EQ(StandardRequest::of(setup(0x80, 9, 1, 0)).kind, Kind::none) << "IN";
  EXPECT_EQ(StandardRequest::of(setup(0x21, 11, 1, 1)).kind, Kind::none) << "a class's request";
  EXPECT_EQ(StandardRequest::of(setup(0x01, 11, 1, 1, 1)).kind, Kind::none) << "with data";
  EXPECT_EQ(StandardRequest::of(setup(0x02, 1, 0, 0x80)).kind, Kind::none) << "the default pipe";
  EXPECT_EQ(StandardRequest::of(setup(0x02, 1, 1, 0x81)).kind, Kind::none) << "another feature";
  EXPECT_EQ(StandardRequest::of(setup(0x23, 3, 8, 1)).kind, Kind::none) << "another port feature";
}

}  // namespace
}  // namespace usbgw::wire
