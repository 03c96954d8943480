#include "control/descriptor_pins.h"

#include <gtest/gtest.h>

#include "tests/hex.h"

namespace usbgw::control {
namespace {

const auto kDevice = test::from_hex("12010002ef02014009 1202a10001010203 01");
const std::vector<std::vector<std::byte>> kConfiguration{test::from_hex("09020a000101008032 00")};

TEST(DescriptorPins, SameDescriptorsPassAndOthersAreRefused) {
  MemoryPinStore store;
  const auto hash = hash_descriptors(kDevice, kConfiguration);
  EXPECT_TRUE(check_pin(store, "1209:a102", hash));
  EXPECT_TRUE(check_pin(store, "1209:a102", hash));
  auto grown = kConfiguration;
  grown[0].push_back(std::byte{0});
  const auto refused = check_pin(store, "1209:a102", hash_descriptors(kDevice, grown));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::refused);
  EXPECT_TRUE(check_pin(store, "1209:a103", hash_descriptors(kDevice, grown)));
  store.unpin("1209:a102");
  EXPECT_TRUE(check_pin(store, "1209:a102", hash_descriptors(kDevice, grown)));
}

TEST(DescriptorPins, BoundariesBetweenDescriptorsCount) {
  const auto one = test::from_hex("0102");
  const auto two = test::from_hex("03");
  EXPECT_NE(hash_descriptors(kDevice, {one, two}),
            hash_descriptors(kDevice, {test::from_hex("010203")}));
}

}  // namespace
}  // namespace usbgw::control
