#include "common/byte_reader.h"

#include <gtest/gtest.h>

#include <array>

namespace usbgw {
namespace {

TEST(HeaderReader, RefusesOneByteLess) {
  std::array<std::byte, 8> bytes{};
  EXPECT_TRUE(HeaderReader<8>::over(bytes).has_value());
  EXPECT_FALSE(HeaderReader<8>::over(std::span(bytes).first(7)).has_value());
}

TEST(HeaderWriter, WritesWhatTheReaderReads) {
  std::array<std::byte, 8> bytes{};
  auto writer = HeaderWriter<8>::over(bytes);
  ASSERT_TRUE(writer);
  writer->store<std::uint32_t, 4>(0x01020304);
  EXPECT_EQ(bytes[4], std::byte{1});
  EXPECT_EQ((HeaderReader<8>::over(bytes)->load<std::uint32_t, 4>()), 0x01020304u);
}

TEST(ByteReader, ReadsNothingMoreAfterAnOverrun) {
  const std::array<std::byte, 3> bytes{std::byte{1}, std::byte{2}, std::byte{3}};
  ByteReader reader(bytes);
  EXPECT_EQ(reader.read<std::uint16_t>(), 0x0102);
  EXPECT_EQ(reader.read<std::uint16_t>(), 0);
  EXPECT_EQ(reader.read<std::uint8_t>(), 0);
  EXPECT_FALSE(reader.ok());
}

TEST(ByteWriter, KeepsWhatFittedAfterAnOverrun) {
  std::array<std::byte, 3> bytes{};
  ByteWriter writer(bytes);
  writer.write<std::uint16_t>(0xABCD);
  writer.write<std::uint16_t>(0x1234);
  writer.write<std::uint8_t>(1);
  EXPECT_FALSE(writer.ok());
  EXPECT_EQ(writer.used(), 2u);
  EXPECT_EQ(writer.room(), 0u);
}

}  // namespace
}  // namespace usbgw
