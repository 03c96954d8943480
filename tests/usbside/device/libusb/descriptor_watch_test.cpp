// A pipe's reading end stands for usbfs: it hangs up when the writing end is closed, and is never
// writable.
#include "usbside/device/libusb/descriptor_watch.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cstdint>

namespace usbgw::device {
namespace {

class DescriptorWatchTest : public testing::Test {
 protected:
  DescriptorWatchTest() : event_(eventfd(0, EFD_NONBLOCK)) {
    EXPECT_EQ(pipe(pipe_.data()), 0);
    watch_.add(pipe_[0], POLLOUT);
    watch_.add(event_, POLLIN);
  }
  ~DescriptorWatchTest() override {
    close(pipe_[0]);
    if (!unplugged_) close(pipe_[1]);
    close(event_);
  }
  void unplug() {
    close(pipe_[1]);
    unplugged_ = true;
  }
  [[nodiscard]] bool wakes() const {
    pollfd one{watch_.descriptor(), POLLIN, 0};
    return ::poll(&one, 1, 0) == 1;
  }

  DescriptorWatch watch_;
  std::array<int, 2> pipe_{};
  int event_;
  bool unplugged_ = false;
};

TEST_F(DescriptorWatchTest, QuietDescriptorsWakeNobody) {
  EXPECT_FALSE(wakes());
  EXPECT_FALSE(watch_.look());
  EXPECT_FALSE(watch_.has_hung_up());
}

TEST_F(DescriptorWatchTest, ReadyAsLongAsADescriptorIs) {
  std::uint64_t count = 1;
  ASSERT_EQ(write(event_, &count, sizeof count), ssize_t{sizeof count});
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(wakes());
    EXPECT_TRUE(watch_.look());
  }
  ASSERT_EQ(read(event_, &count, sizeof count), ssize_t{sizeof count});
  EXPECT_FALSE(wakes());
  EXPECT_FALSE(watch_.look());
  EXPECT_FALSE(watch_.has_hung_up());
}

TEST_F(DescriptorWatchTest, HangUpWakesOnceAndIsRemembered) {
  unplug();
  EXPECT_TRUE(wakes());
  EXPECT_TRUE(watch_.look());
  EXPECT_TRUE(watch_.has_hung_up());
  EXPECT_FALSE(wakes());
  EXPECT_FALSE(watch_.look());
  EXPECT_TRUE(watch_.has_hung_up());
}

TEST_F(DescriptorWatchTest, OtherDescriptorsWakeAfterAHangUp) {
  unplug();
  EXPECT_TRUE(watch_.look());
  const std::uint64_t one = 1;
  ASSERT_EQ(write(event_, &one, sizeof one), ssize_t{sizeof one});
  EXPECT_TRUE(wakes());
  EXPECT_TRUE(watch_.look());
}

TEST_F(DescriptorWatchTest, HangUpIsOverWhenTheDescriptorIsRemoved) {
  unplug();
  EXPECT_TRUE(watch_.look());
  watch_.remove(event_);
  EXPECT_TRUE(watch_.has_hung_up());
  watch_.remove(pipe_[0]);
  EXPECT_FALSE(watch_.has_hung_up());
}

}  // namespace
}  // namespace usbgw::device
