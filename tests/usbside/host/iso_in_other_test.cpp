// Isochronous IN that is no audio: video, whose losses are told, and feedback, of which the newest
// counts.
#include <gtest/gtest.h>

#include "tests/usbside/host/rig.h"

namespace usbgw::host::test {
namespace {

using std::chrono::milliseconds;

constexpr StreamEpoch kEpoch{1};

TEST(IsoInVideo, LostPacket_LengthZeroAndCrossDevice) {
  Rig rig(Speed::full, {PlayoutMode::fixed, milliseconds(2), milliseconds(50)});
  const FakeBus bus(milliseconds(1), Duration::zero(), 0, rig.now + milliseconds(5));
  rig.attachment.set_path(bus.path(milliseconds(1)));
  rig.control(kSelectVideoIn);
  DriverQueue queue{kVideoIn, 5, 8, 512, {}, true, {}, {}, 0};
  rig.start(queue);
  for (std::int64_t i = 0; i < 200; ++i) {
    if (i == 30) continue;
    rig.deliver(bus.host_time(i) + milliseconds(1), kVideoIn, kEpoch,
                encode_body(i, bus.stamp(i),
                            {{{400, wire::IntervalState::ok}, std::vector<std::byte>(400)}}));
  }
  rig.run_until(bus.host_time(100));
  const auto& packets = queue.completions.at(3).packets;  // intervals 24..31
  EXPECT_EQ(packets[6].status, UrbStatus::cross_device);
  EXPECT_EQ(packets[6].actual, 0u);
  EXPECT_EQ(packets[5].actual, 400u);
  EXPECT_EQ(queue.completions.at(3).status, UrbStatus::ok);
  EXPECT_EQ(rig.stream_status(kVideoIn).account.concealed, 1u);
}

TEST(IsoInFeedback, NewestValueWinsAndLastIsRepeated) {
  Rig rig(Speed::high, {PlayoutMode::fixed, milliseconds(2), milliseconds(50)});
  const FakeBus bus(milliseconds(1), Duration::zero(), 0, rig.now + milliseconds(5));
  rig.attachment.set_path(bus.path(milliseconds(1)));
  rig.control(kSelectAudioOut);
  DriverQueue queue{kFeedback, 4, 1, 4, {}, true, {}, {}, 0};
  rig.start(queue);
  for (int i = 0; i < 20; ++i) {
    std::vector<std::byte> value(4, static_cast<std::byte>(i + 1));
    rig.deliver(bus.host_time(i) + milliseconds(1), kFeedback, kEpoch,
                encode_body(i, bus.stamp(i), {{{4, wire::IntervalState::ok}, value}}));
  }
  rig.run_until(bus.host_time(60));
  ASSERT_GT(queue.completions.size(), 40u);
  std::byte last{0};
  for (const auto& completion : queue.completions) {
    ASSERT_EQ(completion.data.size(), 4u);  // never a garbage or an empty value
    EXPECT_GE(completion.data[0], last);
    last = completion.data[0];
  }
  EXPECT_EQ(last, std::byte{20});
}

}  // namespace
}  // namespace usbgw::host::test
