// Isochronous IN that is no audio: video, whose losses are told, and feedback, of which the newest
// counts.
#include <gtest/gtest.h>

#include "tests/usbside/host/rig.h"

namespace usbgw::host::test {
namespace {

using std::chrono::milliseconds;

constexpr StreamEpoch kEpoch{1};

// A stream with D = 2 ms over a path of 1 ms, whose driver has started.
struct Stream {
  Stream(Speed speed, const SetupPacket& select, DriverQueue driver)
      : rig(speed, {PlayoutMode::fixed, milliseconds(2), milliseconds(50)}),
        bus(milliseconds(1), Duration::zero(), 0, rig.now + milliseconds(5)),
        queue(std::move(driver)) {
    rig.attachment.set_path(bus.path(milliseconds(1)));
    rig.control(select);
    rig.start(queue);
  }
  void deliver(std::int64_t index, std::vector<std::byte> bytes) {
    const wire::Interval interval{static_cast<std::uint16_t>(bytes.size()),
                                  wire::IntervalState::ok};
    rig.deliver(bus.host_time(index) + milliseconds(1), queue.endpoint, kEpoch,
                encode_body(index, bus.stamp(index), {{interval, std::move(bytes)}}));
  }

  Rig rig;
  FakeBus bus;
  DriverQueue queue;
};

TEST(IsoInVideo, LostPacket_LengthZeroAndCrossDevice) {
  Stream video(Speed::full, kSelectVideoIn, {kVideoIn, 5, 8, 512, {}, true, {}, {}, 0});
  for (std::int64_t i = 0; i < 200; ++i)
    if (i != 30) video.deliver(i, std::vector<std::byte>(400));
  video.rig.run_until(video.bus.host_time(100));
  const auto& completion = video.queue.completions.at(3);  // intervals 24..31
  EXPECT_EQ(completion.packets[6].status, UrbStatus::cross_device);
  EXPECT_EQ(completion.packets[6].actual, 0u);
  EXPECT_EQ(completion.packets[5].actual, 400u);
  EXPECT_EQ(completion.status, UrbStatus::ok);
  EXPECT_EQ(video.rig.stream_status(kVideoIn).account.concealed, 1u);
}

TEST(IsoInFeedback, NewestValueWinsAndLastIsRepeated) {
  Stream feedback(Speed::high, kSelectAudioOut, {kFeedback, 4, 1, 4, {}, true, {}, {}, 0});
  for (int i = 0; i < 20; ++i)
    feedback.deliver(i, std::vector<std::byte>(4, static_cast<std::byte>(i + 1)));
  feedback.rig.run_until(feedback.bus.host_time(60));
  ASSERT_GT(feedback.queue.completions.size(), 40u);
  std::byte last{0};
  for (const auto& completion : feedback.queue.completions) {
    ASSERT_EQ(completion.data.size(), 4u);  // never a garbage or an empty value
    EXPECT_GE(completion.data[0], last);
    last = completion.data[0];
  }
  EXPECT_EQ(last, std::byte{20});
}

}  // namespace
}  // namespace usbgw::host::test
