// A camera's isochronous IN at the most that high speed carries, 3 x 1024 bytes a microframe,
// through the whole system: every interval whole, or empty and said to be missing.
#include <gtest/gtest.h>

#include "common/byte_order.h"
#include "simulation/whole_system.h"
#include "tests/simulation/single_device.h"
#include "usbside/device/software/video_function.h"

namespace usbgw::simulation {
namespace {

using namespace std::chrono_literals;
using device::software::kVideoIn;
using device::software::kVideoPacket;

constexpr std::size_t kUrbs = 5;  // as uvcvideo's
constexpr std::size_t kPackets = 32;
constexpr std::uint8_t kSetInterface = 11;

// Reads as uvcvideo does, and judges each packet.
class VideoReader final : public DriverModel {
 public:
  void configured(DeviceModel& device, const wire::Configuration&, Instant now) override {
    ModelUrb urb;
    urb.endpoint = EndpointAddress(0, Direction::out);
    urb.setup = {0x01, kSetInterface, 1, 0, 0};
    device.submit(std::move(urb), now);
  }
  void completed(DeviceModel& device, ModelUrb&& urb, Instant now) override {
    if (urb.endpoint.number() == 0) {
      for (std::size_t i = 0; i < kUrbs; ++i) submit(device, now);
      return;
    }
    if (urb.status != UrbStatus::ok) return;
    for (const auto& packet : urb.packets)
      hear(packet, std::span(urb.data).subspan(packet.offset, packet.actual));
    submit(device, now);
  }
  void disconnected(Instant) override {}
  std::size_t turn(DeviceModel&, Instant) override { return 0; }

  std::uint64_t whole = 0;    // packets with the bytes of their interval
  std::uint64_t missing = 0;  // empty, -EXDEV
  std::uint64_t wrong = 0;

 private:
  static void submit(DeviceModel& device, Instant now) {
    ModelUrb urb;
    urb.endpoint = kVideoIn;
    urb.length = kPackets * kVideoPacket;
    for (std::uint32_t i = 0; i < kPackets; ++i) {
      urb.packets.push_back(
          {i * static_cast<std::uint32_t>(kVideoPacket), kVideoPacket, 0, UrbStatus::ok});
    }
    device.submit(std::move(urb), now);
  }
  void hear(const wire::usbip::IsoDescriptor& packet, std::span<const std::byte> bytes) {
    if (packet.status == UrbStatus::cross_device && bytes.empty()) {
      ++missing;
      ++next_;
      return;
    }
    if (packet.status != UrbStatus::ok || bytes.size() != kVideoPacket) {
      ++wrong;
      return;
    }
    const auto number = load_le<std::uint64_t>(bytes.data());
    const auto last = static_cast<std::byte>(number + kVideoPacket - 1);
    // Each packet holds the place of its interval; the count begins with the first that came.
    const bool is_next = whole == 0 || number == next_;
    if (!is_next || bytes.back() != last || bytes[1000] != static_cast<std::byte>(number + 1000)) {
      ++wrong;
    }
    ++whole;
    next_ = number + 1;
  }

  std::uint64_t next_ = 0;
};

struct Link {
  const char* name;
  std::size_t max_payload;
};

class Video : public ::testing::TestWithParam<Link> {
 protected:
  void run(const ImpairmentProfile& network, Duration length, node::RepairConfig repair = {}) {
    device::software::DeviceOptions options;
    options.name = "video";
    SingleDevice devices(options);
    VirtualClock clock;
    SystemConfig config;
    config.device = "software:video";
    config.max_payload = GetParam().max_payload;
    config.to_host = config.to_agent = network;
    config.control_delay = 1ms;
    config.playout = {host::PlayoutMode::fixed, 8ms, 50ms};
    config.repair = repair;
    WholeSystem system(config, clock, devices, reader);
    system.run_for(length);
    if (const auto* status = system.status()) account = status->streams.at(0).account;
    EXPECT_TRUE(system.shut_down(5s));
    const auto violations = system.vhci().violations();
    EXPECT_TRUE(violations.empty()) << violations.front();
    EXPECT_LT(system.vhci().longest_isochronous_wait(), 100ms);
  }

  VideoReader reader;
  host::IntervalAccount account;
};

TEST_P(Video, EveryPacketWholeAndInPlace) {
  run({1ms, 1ms, false, 0, 0, {}}, 500ms);
  EXPECT_EQ(reader.wrong, 0u);
  EXPECT_EQ(account.concealed, 0u);
  EXPECT_GT(reader.whole, 3000u);
}

TEST_P(Video, LostPacketsAreEmptyAndSaidToBeMissing) {
  run({1ms, 1ms, false, 0.02, 0, {}}, 500ms, {false, {}});
  EXPECT_EQ(reader.wrong, 0u);
  EXPECT_GT(account.concealed, 20u);
  EXPECT_GE(reader.missing, account.concealed);
  EXPECT_GT(reader.whole, 2000u);
}

INSTANTIATE_TEST_SUITE_P(Links, Video,
                         ::testing::Values(Link{"jumbo", 8952}, Link{"ethernet", 1452}),
                         [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace usbgw::simulation
