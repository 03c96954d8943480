#include "usbside/device/software/audio_function.h"

#include <gtest/gtest.h>

#include "common/byte_order.h"
#include "common/random.h"
#include "tests/usbside/device/software/bus_host.h"
#include "usbside/device/software/catalogue.h"
#include "usbside/device/software/counter_pattern.h"

namespace usbgw::device::software {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::unique_ptr<Function> make(const DeviceOptions& options) {
  auto function = make_function(options);
  EXPECT_TRUE(function.has_value());
  return std::move(*function);
}

DeviceOptions named(std::string name) {
  DeviceOptions options;
  options.name = std::move(name);
  return options;
}

AudioFunction& audio(Function& function) {
  return dynamic_cast<AudioFunction&>(function);
}

// Plays and records at once, like snd-usb-audio: packet lengths follow the feedback value, every
// completed URB is filled and submitted again. `relay`: plays what it recorded, else its own count.
class DuplexDriver {
 public:
  DuplexDriver(Function& function, double bus_ppm, bool relay, std::size_t urbs = 4)
      : host(function, bus_ppm), relay_(relay) {
    is_high_ = function.description().speed == Speed::high;
    const std::size_t packets = is_high_ ? 8 : 1;
    feedback_ = (std::int64_t{48000} << 16) / (is_high_ ? 8000 : 1000);
    EXPECT_EQ(host.bus.set_interface(kAudioOutInterface, 1, host.now), UrbStatus::ok);
    EXPECT_EQ(host.bus.set_interface(kAudioInInterface, 1, host.now), UrbStatus::ok);
    for (std::size_t i = 0; i < urbs; ++i) {
      add(make_iso(kAudioIn, packets, 400));
      add(make_iso(kAudioOut, packets, 400));
    }
    for (const auto& info : host.bus.endpoints()) {
      if (info.address == kAudioFeedback) add(make_iso(kAudioFeedback, 1, 4));
    }
  }
  void run(Duration duration) {
    host.run_until(host.now + duration, [this](BusUrb& urb) { completed(urb); });
  }
  void stop() {
    for (auto& each : urbs_) static_cast<void>(host.bus.unlink(each->urb));
  }

  BusHost host;
  std::uint64_t recorded = 0;
  std::uint64_t record_faults = 0;
  std::function<void(std::uint32_t&)> spoil;

 private:
  void add(std::unique_ptr<HostUrb> urb) {
    fill(urb->urb);
    urbs_.push_back(std::move(urb));
    host.submit(urbs_.back()->urb);
  }
  void completed(BusUrb& urb) {
    if (urb.endpoint == kAudioFeedback) take_feedback(urb);
    if (urb.endpoint == kAudioIn) record(urb);
    fill(urb);
    host.bus.submit(urb, host.now);
  }
  void take_feedback(const BusUrb& urb) {
    std::array<std::byte, 4> bytes{};
    std::copy_n(urb.data.begin(), urb.packets[0].actual, bytes.begin());
    EXPECT_EQ(urb.packets[0].actual, is_high_ ? 4u : 3u);
    feedback_ = std::int64_t{load_le<std::uint32_t>(bytes.data())} << (is_high_ ? 0 : 2);
  }
  void record(const BusUrb& urb) {
    for (const BusPacket& packet : urb.packets) {
      const auto data = urb.data.subspan(packet.offset, packet.actual);
      for (std::size_t i = 0; i + 4 <= data.size(); i += 4) {
        const std::uint32_t counter = read_frame(data.subspan(i, 4)).counter;
        if (counter != last_recorded_ + 1) ++record_faults;
        last_recorded_ = counter;
        ++recorded;
        if (relay_) queue_.push_back(counter);
      }
    }
  }
  std::uint32_t next_sample() {
    if (!relay_) return ++played_;
    if (queue_.empty()) return 0;
    const std::uint32_t counter = queue_.front();
    queue_.pop_front();
    return counter;
  }
  void fill(BusUrb& urb) {
    if (urb.endpoint != kAudioOut) return;
    std::uint32_t offset = 0;
    for (BusPacket& packet : urb.packets) {
      phase_ += feedback_;
      const auto frames = static_cast<std::uint32_t>(phase_ >> 16);
      phase_ &= 0xFFFF;
      packet.offset = offset;
      packet.length = frames * 4;
      offset += packet.length;
      for (std::uint32_t i = 0; i < frames; ++i) {
        std::uint32_t counter = next_sample();
        if (spoil) spoil(counter);
        write_frame(urb.data.subspan(packet.offset + i * 4, 4), counter);
      }
    }
  }

  bool relay_;
  bool is_high_ = false;
  std::int64_t feedback_ = 0;
  std::int64_t phase_ = 0;
  std::uint32_t played_ = 0;
  std::uint32_t last_recorded_ = 0;
  std::deque<std::uint32_t> queue_;
  std::vector<std::unique_ptr<HostUrb>> urbs_;
};

TEST(AudioFunction, DuplexStreamOfEveryKindIsClean) {
  for (const char* name : {"uac2", "uac2-implicit", "uac1", "uac1-feedback"}) {
    auto function = make(named(name));
    DuplexDriver driver(*function, 0, false);
    driver.run(seconds(10));
    driver.stop();
    const JudgeReport report = audio(*function).judge();
    EXPECT_GE(report.counted, 479'000u) << name;
    EXPECT_EQ(report.inside.total() + report.lead_in.total() + report.tail.total(), 0u) << name;
    EXPECT_GE(driver.recorded, 479'000u) << name;
    EXPECT_EQ(driver.record_faults, 0u) << name;
    EXPECT_EQ(audio(*function).in().starved, 0u) << name;
  }
}

TEST(AudioFunction, RoundTripIsMeasured) {
  auto function = make(named("uac2"));
  DuplexDriver driver(*function, 0, true);
  driver.run(seconds(2));
  const Histogram& histogram = audio(*function).round_trip();
  ASSERT_GT(histogram.count(), 1000u);
  // Four URBs of 1 ms each way: recorded by the end of one, played behind three others.
  EXPECT_GE(histogram.min(), 3'000'000);
  EXPECT_LE(histogram.max(), 9'000'000);
}

TEST(AudioFunction, RoundTripsWhileTheStreamsSettleAreNotCounted) {
  DeviceOptions options = named("uac2");
  options.settling = seconds(1);
  auto function = make(options);
  DuplexDriver driver(*function, 0, true);
  driver.run(milliseconds(900));
  EXPECT_EQ(audio(*function).round_trip().count(), 0u);
  driver.run(milliseconds(600));
  EXPECT_GT(audio(*function).round_trip().count(), 1000u);
}

TEST(AudioFunction, PpmKnobsGiveTheRightCountOfSamplesOver1000Seconds) {
  struct Case {
    const char* name;
    double bus_ppm;
    double crystal_ppm;
  };
  for (const Case& each : {Case{"uac1", 100, -70}, Case{"uac1-feedback", -150, 250}}) {
    DeviceOptions options = named(each.name);
    options.crystal_ppm = each.crystal_ppm;
    auto function = make(options);
    DuplexDriver driver(*function, each.bus_ppm, false);
    driver.run(seconds(1000));
    const double expected = 48e6 * (1 + each.bus_ppm * 1e-6) * (1 + each.crystal_ppm * 1e-6);
    EXPECT_NEAR(static_cast<double>(audio(*function).in().frames), expected, 100) << each.name;
    EXPECT_EQ(driver.record_faults, 0u);
    EXPECT_EQ(audio(*function).judge().inside.total(), 0u);
    if (std::string_view(each.name) == "uac1-feedback") {
      // The host followed the crystal: what came is what was played, to a few packets.
      EXPECT_NEAR(static_cast<double>(audio(*function).judge().counted), expected, 1000);
      EXPECT_LT(audio(*function).out().fifo_max - audio(*function).out().fifo_min, 500);
    }
  }
}

TEST(AudioFunction, HighSpeedFeedbackHoldsTheFifo) {
  DeviceOptions options = named("uac2");
  options.crystal_ppm = 300;
  auto function = make(options);
  DuplexDriver driver(*function, -50, false);
  driver.run(seconds(100));
  const auto& out = audio(*function).out();
  EXPECT_EQ(audio(*function).judge().inside.total(), 0u);
  EXPECT_LT(out.fifo_max - out.fifo_min, 50);
}

TEST(AudioFunction, EmptyPacketsBeforeTheFirstFrameDoNotDrainTheFifo) {
  auto function = make(named("uac2"));
  BusHost host(*function);
  EXPECT_EQ(host.bus.set_interface(kAudioOutInterface, 1, host.now), UrbStatus::ok);
  auto empty = make_iso(kAudioOut, 8, 0);
  for (int i = 0; i < 20; ++i) EXPECT_NE(host.transfer(*empty, milliseconds(10)), nullptr);
  EXPECT_EQ(audio(*function).out().fifo_min, 0);
  auto full = make_iso(kAudioOut, 8, 24);
  EXPECT_NE(host.transfer(*full, milliseconds(10)), nullptr);
  EXPECT_EQ(audio(*function).out().fifo, 0);
  EXPECT_EQ(audio(*function).out().fifo_min, 0);
}

TEST(AudioFunction, DeliberateFaultIsSeenByTheOtherSide) {
  for (const char* fault : {"drop@1", "repeat@1", "alter@1"}) {
    DeviceOptions options = named("uac1");
    options.fault = *parse_fault(fault);
    auto function = make(options);
    DuplexDriver driver(*function, 0, false);
    driver.run(seconds(2));
    EXPECT_GE(driver.record_faults, 1u) << fault;
    EXPECT_LE(driver.record_faults, 2u) << fault;
    EXPECT_EQ(audio(*function).judge().inside.total(), 0u) << fault;
  }
}

TEST(AudioFunction, DeliberateFaultIsSeenByTheDevicesJudge) {
  for (const char* fault : {"out:drop@1", "out:repeat@1", "out:alter@1"}) {
    DeviceOptions options = named("uac2");
    options.fault = *parse_fault(fault);
    auto function = make(options);
    DuplexDriver driver(*function, 0, false);
    driver.run(seconds(2));
    EXPECT_EQ(audio(*function).judge().inside.total(), 1u) << fault;
    EXPECT_EQ(driver.record_faults, 0u) << fault;
  }
}

TEST(AudioFunction, HostThatStallsLosesItsIntervalsHonestly) {
  auto function = make(named("uac1"));
  DuplexDriver driver(*function, 0, false);
  driver.run(seconds(1));
  // Nothing is completed or submitted for 50 ms: four URBs of 1 ms were queued.
  driver.host.now += milliseconds(50);
  driver.host.bus.advance(driver.host.now);
  driver.run(seconds(1));
  const JudgeReport report = audio(*function).judge();
  EXPECT_GE(report.inside.starved, 44u);
  EXPECT_LE(report.inside.starved, 48u);
  EXPECT_EQ(audio(*function).out().late_events, 1u);
  EXPECT_EQ(audio(*function).in().starved_events, 1u);
  EXPECT_EQ(driver.record_faults, 1u) << "the samples of the lost intervals are gone";
}

TEST(AudioFunction, CountGoesOnWhenAStreamIsOnlyRestarted) {
  auto function = make(named("uac1"));
  BusHost host(*function);
  EXPECT_EQ(host.bus.set_interface(kAudioInInterface, 1, host.now), UrbStatus::ok);
  auto urb = make_iso(kAudioIn, 4, 196);
  const auto first_counter = [&] {
    EXPECT_NE(host.transfer(*urb, milliseconds(10)), nullptr);
    return load_le<std::uint32_t>(urb->data.data());
  };
  EXPECT_EQ(first_counter(), 1u);
  auto pending = make_iso(kAudioIn, 4, 196);
  host.submit(pending->urb);
  EXPECT_TRUE(host.bus.unlink(pending->urb));
  host.now += milliseconds(100);
  EXPECT_EQ(first_counter(), 193u);
  EXPECT_EQ(host.bus.set_interface(kAudioInInterface, 1, host.now), UrbStatus::ok);
  EXPECT_EQ(first_counter(), 1u);
}

TEST(AudioFunction, EndOfAStreamIsNoFault) {
  auto function = make(named("uac2"));
  DuplexDriver driver(*function, 0, false);
  driver.run(seconds(1));
  driver.stop();
  driver.host.run_until(driver.host.now + seconds(1), [](BusUrb&) {});
  const JudgeReport report = audio(*function).judge();
  EXPECT_EQ(report.runs, 1u);
  EXPECT_EQ(report.inside.total() + report.tail.total(), 0u);
}

TEST(AudioFunction, RatesAndChannelsThatTheBusCannotCarryAreRefused) {
  auto refused = [](std::string name, std::uint32_t rate, int channels) {
    DeviceOptions options = named(std::move(name));
    options.rate = rate;
    options.channels = channels;
    return !make_function(options).has_value();
  };
  EXPECT_FALSE(refused("uac2", 192000, 32));
  EXPECT_TRUE(refused("uac1", 192000, 4));
  EXPECT_FALSE(refused("uac1", 96000, 2));
  EXPECT_TRUE(refused("uac2", 47999, 2));
  EXPECT_TRUE(refused("uac2", 48000, 33));
  EXPECT_TRUE(refused("uac2", 48000, 1));
  EXPECT_TRUE(refused("uac3", 48000, 2));
}

TEST(AudioFunction, ClockRequestsOfBothClassesTellTheRate) {
  DeviceOptions options = named("uac2");
  options.rate = 96000;
  auto uac2 = make(options);
  BusHost host(*uac2);
  std::vector<std::byte> data(4);
  EXPECT_EQ(host.control({0xA1, 1, 0x0100, 0x0900, 4}, data), UrbStatus::ok);
  EXPECT_EQ(load_le<std::uint32_t>(data.data()), 96000u);
  data.assign(14, std::byte{});
  EXPECT_EQ(host.control({0xA1, 2, 0x0100, 0x0900, 14}, data), UrbStatus::ok);
  EXPECT_EQ(load_le<std::uint16_t>(data.data()), 1u);
  EXPECT_EQ(load_le<std::uint32_t>(data.data() + 6), 96000u);
  data.assign(1, std::byte{});
  EXPECT_EQ(host.control({0xA1, 1, 0x0200, 0x0900, 1}, data), UrbStatus::ok);
  EXPECT_EQ(data[0], std::byte{1});
  auto uac1 = make(named("uac1"));
  BusHost full(*uac1);
  data.assign(3, std::byte{});
  EXPECT_EQ(full.control({0xA2, 0x81, 0x0100, 0x0082, 3}, data), UrbStatus::ok);
  EXPECT_EQ(data[0], std::byte{0x80});
  EXPECT_EQ(data[1], std::byte{0xBB});
}

TEST(ParseFault, SaysWhatItWants) {
  const auto fault = parse_fault("out:repeat@0.5");
  ASSERT_TRUE(fault.has_value());
  EXPECT_FALSE(fault->in);
  EXPECT_EQ(fault->kind, SampleFault::Kind::repeat);
  EXPECT_EQ(fault->at, milliseconds(500));
  for (const char* bad : {"", "drop", "drop@", "drop@x", "smash@1", "drop@-1", "drop@1s"}) {
    EXPECT_FALSE(parse_fault(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace usbgw::device::software
