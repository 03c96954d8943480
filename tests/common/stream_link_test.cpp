#include "common/stream_link.h"

#include <gtest/gtest.h>

namespace usbgw {
namespace {

StreamItem item_in(BlockIndex block, std::uint32_t offset, std::uint32_t length) {
  StreamItem item;
  item.block = block;
  item.offset = offset;
  item.length = length;
  return item;
}

TEST(StreamLink, BlockComesHomeAfterRetireAndEveryRelease) {
  StreamLink link(1, 64, 8);
  const auto claim = link.claim();
  ASSERT_TRUE(claim);
  EXPECT_TRUE(link.publish(item_in(claim->block, 0, 8)));
  EXPECT_TRUE(link.publish(item_in(claim->block, 8, 8)));
  link.retire(claim->block);
  EXPECT_FALSE(link.claim());
  StreamItem first, second;
  ASSERT_TRUE(link.pop(first));
  ASSERT_TRUE(link.pop(second));
  link.release(second);
  EXPECT_FALSE(link.claim());
  link.release(first);
  EXPECT_TRUE(link.claim());
}

TEST(StreamLink, ConsumerSeesTheBytesThatTheProducerWrote) {
  StreamLink link(2, 16, 2);
  const auto claim = link.claim();
  ASSERT_TRUE(claim);
  claim->bytes[5] = std::byte{42};
  EXPECT_TRUE(link.publish(item_in(claim->block, 5, 1)));
  StreamItem item;
  ASSERT_TRUE(link.pop(item));
  ASSERT_EQ(link.bytes(item).size(), 1u);
  EXPECT_EQ(link.bytes(item)[0], std::byte{42});
}

TEST(StreamLink, FullRingRefusesTheItemAndKeepsTheBlock) {
  StreamLink link(1, 16, 1);
  const auto claim = link.claim();
  EXPECT_TRUE(link.publish(item_in(claim->block, 0, 1)));
  EXPECT_FALSE(link.publish(item_in(claim->block, 0, 1)));
  link.retire(claim->block);
  StreamItem item;
  ASSERT_TRUE(link.pop(item));
  link.release(item);
  EXPECT_EQ(link.free_blocks(), 1u);
}

TEST(StreamLink, OutstandingCountsTheStreamsItemsUntilTheirRelease) {
  StreamLink link(1, 16, 4);
  const auto claim = link.claim();
  ASSERT_TRUE(claim);
  StreamItem item = item_in(claim->block, 0, 1);
  item.stream = StreamId{0x0181};
  EXPECT_TRUE(link.publish(item));
  EXPECT_TRUE(link.publish(item));
  EXPECT_EQ(link.outstanding(StreamId{0x0181}), 2u);
  EXPECT_EQ(link.outstanding(StreamId{0x0182}), 0u);
  ASSERT_TRUE(link.pop(item));
  EXPECT_EQ(link.outstanding(StreamId{0x0181}), 2u);
  link.release(item);
  EXPECT_EQ(link.outstanding(StreamId{0x0181}), 1u);
}

}  // namespace
}  // namespace usbgw
