#include "wire/datagram.h"

#include <gtest/gtest.h>

#include "tests/hex.h"

namespace usbgw::wire {
namespace {

TEST(DatagramHeader, EncodesToDocumentedBytesAndBack) {
  std::array<std::byte, kDatagramHeader> header{};
  encode(DatagramHeader{0x01020304, 0x1122334455667788}, header);
  auto datagram = test::from_hex("55534201 01020304 1122334455667788");
  EXPECT_TRUE(std::equal(header.begin(), header.end(), datagram.begin(), datagram.end()));
  datagram.resize(kDatagramOverhead);
  EXPECT_EQ(DatagramHeader::decode(datagram), (DatagramHeader{0x01020304, 0x1122334455667788}));
}

TEST(DatagramHeader, WithoutRoomForTheTagIsTruncated) {
  auto datagram = test::from_hex("55534201 01020304 1122334455667788");
  for (std::size_t n = 0; n < kDatagramOverhead; ++n) {
    datagram.resize(n);
    EXPECT_EQ(DatagramHeader::decode(datagram).error(), WireError::truncated) << n;
  }
}

TEST(DatagramHeader, OtherVersionIsUnknown) {
  auto datagram = test::from_hex("55534202 01020304 1122334455667788");
  datagram.resize(kDatagramOverhead);
  EXPECT_EQ(DatagramHeader::decode(datagram).error(), WireError::unknown_type);
}

}  // namespace
}  // namespace usbgw::wire
