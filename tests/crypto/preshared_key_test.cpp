#include "crypto/preshared_key.h"

#include <gtest/gtest.h>

namespace usbgw::crypto {
namespace {

std::string error_of(std::string_view text) {
  const auto keys = parse_preshared_keys(text, "psk.txt");
  EXPECT_FALSE(keys);
  return keys ? std::string() : keys.error().context;
}

TEST(PresharedKey, NewKeyRoundTripsThroughItsLine) {
  const auto key = make_preshared_key("studio");
  ASSERT_TRUE(key);
  EXPECT_EQ(key->key.size(), kNewPskBytes);
  const auto keys = parse_preshared_keys("# made by usbgw keys\n" + to_line(*key), "psk.txt");
  ASSERT_TRUE(keys);
  ASSERT_EQ(keys->size(), 1u);
  EXPECT_EQ(keys->front().identity, "studio");
  EXPECT_EQ(keys->front().key, key->key);
  EXPECT_NE(make_preshared_key("studio")->key, key->key);
}

TEST(PresharedKey, FaultyLineIsNamed) {
  EXPECT_EQ(error_of(""), "psk.txt has no pre-shared key");
  EXPECT_EQ(error_of("#\nstudio\n"), "psk.txt:2: not of the form identity:hex");
  EXPECT_NE(error_of("studio:00ff").find("psk.txt:1: the key of 'studio'"), std::string::npos);
  EXPECT_NE(error_of("studio:" + std::string(32, 'g')).find("psk.txt:1"), std::string::npos);
  EXPECT_NE(error_of("a b:" + std::string(32, '0')).find("not a node name"), std::string::npos);
  const std::string line = "studio:" + std::string(32, '0') + "\n";
  EXPECT_EQ(error_of(line + line), "psk.txt:2: identity 'studio' is there twice");
}

}  // namespace
}  // namespace usbgw::crypto
