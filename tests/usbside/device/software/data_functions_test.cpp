// HID, MIDI, the counting device, the video source: each through SoftwareBus.
#include <gtest/gtest.h>

#include "common/byte_order.h"
#include "common/random.h"
#include "tests/usbside/device/software/bus_host.h"
#include "usbside/device/software/catalogue.h"
#include "usbside/device/software/counter_function.h"
#include "usbside/device/software/hid_function.h"
#include "usbside/device/software/midi_function.h"
#include "usbside/device/software/video_function.h"

namespace usbgw::device::software {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Bytes = std::vector<std::byte>;

std::unique_ptr<Function> make(const std::string& name, DeviceOptions options = {}) {
  options.name = name;
  return std::move(*make_function(options));
}

TEST(HidFunction, ScriptComesOnceInOrderAndOnTime) {
  DeviceOptions options;
  options.events = 300;
  auto function = make("hid", options);
  BusHost host(*function);
  auto urb = make_urb(kMouseIn, 4);
  std::vector<std::pair<int, int>> moves;
  std::vector<Instant> times;
  host.submit(urb->urb);
  host.run_until(at(seconds(10)), [&](BusUrb& done) {
    EXPECT_EQ(done.actual, 3u);
    moves.emplace_back(std::to_integer<int>(done.data[1]), std::to_integer<int>(done.data[2]));
    times.push_back(done.completed);
    host.bus.submit(done, host.now);
  });
  ASSERT_EQ(moves.size(), 300u);
  for (int i = 0; i < 300; ++i) {
    const auto k = static_cast<std::size_t>(i);
    EXPECT_EQ(moves[k], std::pair(i % 100 + 1, i / 100 + 1));
    EXPECT_EQ(times[k], at(seconds(2) + i * milliseconds(10)));
  }
}

TEST(HidFunction, ReportsQueueWhileNobodyAsks) {
  auto function = make("hid");
  BusHost host(*function);
  auto urb = make_urb(kKeyboardIn, 8);
  ASSERT_EQ(host.transfer(*urb, seconds(3))->actual, 8u);
  EXPECT_EQ(urb->data[2], std::byte{4});
  host.now += seconds(1);
  ASSERT_NE(host.transfer(*urb, milliseconds(1)), nullptr);
  EXPECT_EQ(urb->data[2], std::byte{0});
  ASSERT_NE(host.transfer(*urb, milliseconds(2)), nullptr);
  EXPECT_EQ(urb->data[2], std::byte{5});
}

TEST(HidFunction, GivesReportDescriptorsOfTheLengthItTold) {
  auto function = make("hid");
  BusHost host(*function);
  const auto& configuration = function->description().configuration;
  std::vector<int> told;
  for (std::size_t at = 0; at < configuration.size();
       at += std::to_integer<std::size_t>(configuration[at])) {
    if (configuration[at + 1] != std::byte{0x21}) continue;
    told.push_back(load_le<std::uint16_t>(configuration.data() + at + 7));
  }
  ASSERT_EQ(told.size(), 2u);
  for (std::uint16_t interface = 0; interface < 2; ++interface) {
    Bytes report(200);
    EXPECT_EQ(host.control({0x81, 6, 0x2200, interface, 200}, report), UrbStatus::ok);
    EXPECT_EQ(report.size(), static_cast<std::size_t>(told[interface]));
    // Collections are closed: the last item is End Collection.
    EXPECT_EQ(report.back(), std::byte{0xC0});
  }
}

Bytes midi_event(std::uint32_t k) {
  return {std::byte{0xE}, static_cast<std::byte>(0xE0 | (k >> 14 & 0xF)),
          static_cast<std::byte>(k & 127), static_cast<std::byte>(k >> 7 & 127)};
}

TEST(MidiFunction, SendsCountedMessagesOnceInOrder) {
  DeviceOptions options;
  options.events_per_second = 3000;
  auto function = make("midi", options);
  BusHost host(*function);
  auto urb = make_urb(kMidiIn, 64);
  std::uint32_t next = 0;
  host.submit(urb->urb);
  host.run_until(at(seconds(9)), [&](BusUrb& done) {
    for (std::size_t i = 0; i + 4 <= done.actual; i += 4) {
      const Bytes event(done.data.begin() + static_cast<long>(i),
                        done.data.begin() + static_cast<long>(i) + 4);
      EXPECT_EQ(event, midi_event(next++));
    }
    host.bus.submit(done, host.now);
  });
  EXPECT_NEAR(next, 21000, 2);
}

TEST(MidiFunction, JudgeNamesMissingRepeatedAndForeignMessages) {
  auto function = make("midi");
  BusHost host(*function);
  const auto send = [&](const Bytes& event) {
    auto urb = make_urb(kMidiOut, 4);
    std::copy(event.begin(), event.end(), urb->data.begin());
    EXPECT_NE(host.transfer(*urb, milliseconds(10)), nullptr);
  };
  for (const std::uint32_t k : {262142u, 262143u, 0u, 1u, 5u, 6u, 6u, 7u}) send(midi_event(k));
  send({std::byte{0x9}, std::byte{0x90}, std::byte{60}, std::byte{1}});
  const auto& out = dynamic_cast<MidiFunction&>(*function).out();
  EXPECT_EQ(out.messages, 8u);
  EXPECT_EQ(out.missing, 3u);
  EXPECT_EQ(out.repeated, 1u);
  EXPECT_EQ(out.altered, 1u);
}

TEST(ByteJudge, NamesEveryLostRepeatedAndAlteredByte) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    Random random(seed);
    Bytes all(60'000);
    ByteCounter counter;
    counter.fill(all);
    const auto spot = static_cast<long>(5000 + random.below(40'000));
    const auto count = static_cast<long>(1 + random.below(3000));
    const auto kind = seed % 3;
    if (kind == 0) all.erase(all.begin() + spot, all.begin() + spot + count);
    if (kind == 1) {
      const Bytes again(all.begin() + spot - count, all.begin() + spot);
      all.insert(all.begin() + spot, again.begin(), again.end());
    }
    if (kind == 2) all[static_cast<std::size_t>(spot)] ^= std::byte{0x80};
    ByteJudge judge;
    for (std::size_t done = 0; done < all.size();) {
      const auto piece = std::min<std::size_t>(1 + random.below(600), all.size() - done);
      judge.take(std::span(all).subspan(done, piece));
      done += piece;
    }
    const auto counters = judge.counters();
    EXPECT_EQ(counters.lost, kind == 0 ? static_cast<std::uint64_t>(count) : 0) << "seed " << seed;
    EXPECT_EQ(counters.repeated, kind == 1 ? static_cast<std::uint64_t>(count) : 0)
        << "seed " << seed;
    EXPECT_EQ(counters.altered, kind == 2 ? 1u : 0u) << "seed " << seed;
  }
}

TEST(CounterFunction, BulkMovesAtTheSpeedOfTheBusWithoutLoss) {
  auto function = make("counter");
  BusHost host(*function);
  auto in = make_urb(kCounterBulkIn, 1 << 20);
  ASSERT_NE(host.transfer(*in, seconds(1)), nullptr);
  EXPECT_EQ(in->urb.actual, 1u << 20);
  ByteJudge judge;
  judge.take(in->data);
  EXPECT_EQ(judge.counters().lost + judge.counters().repeated + judge.counters().altered, 0u);
  // 13 packets of 512 bytes a microframe: 19.7 ms.
  EXPECT_NEAR(to_milliseconds(host.now - Instant{}), 19.8, 0.5);
  auto out = make_urb(kCounterBulkOut, 1 << 20);
  std::copy(in->data.begin(), in->data.end(), out->data.begin());
  ASSERT_NE(host.transfer(*out, seconds(1)), nullptr);
  Bytes figures(64);
  EXPECT_EQ(host.control({0xC0, kCounterRead, 0, 0, 64}, figures), UrbStatus::ok);
  EXPECT_EQ(load_le<std::uint64_t>(figures.data()), 1u << 20);
  EXPECT_EQ(load_le<std::uint64_t>(figures.data() + 8), 1u << 20);
  EXPECT_EQ(load_le<std::uint64_t>(figures.data() + 16), 0u);
  EXPECT_EQ(load_le<std::uint64_t>(figures.data() + 24), 0u);
}

TEST(CounterFunction, CancelledReadsAtAPaceLoseNothing) {
  DeviceOptions options;
  options.bytes_per_second = 40'000;
  auto function = make("counter", options);
  BusHost host(*function);
  Random random(3);
  ByteJudge judge;
  for (int i = 0; i < 2000; ++i) {
    const bool is_bulk = random.chance(0.5);
    auto urb = make_urb(is_bulk ? kCounterBulkIn : kCounterInterruptIn, is_bulk ? 4096 : 64);
    const BusUrb* done = host.transfer(*urb, Duration(random.below(3'000'000)));
    if (done == nullptr && !host.bus.unlink(urb->urb)) {
      EXPECT_EQ(host.bus.next_completed(), &urb->urb);
    }
    if (is_bulk) judge.take(std::span(urb->data).first(urb->urb.actual));
  }
  const auto counters = judge.counters();
  EXPECT_GT(counters.bytes, 10'000u);
  EXPECT_EQ(counters.lost + counters.repeated + counters.altered, 0u);
}

TEST(CounterFunction, InterruptEndpointsMoveOnePacketAPeriod) {
  auto function = make("counter");
  BusHost host(*function);
  auto in = make_urb(kCounterInterruptIn, 64);
  std::uint64_t bytes = 0;
  host.submit(in->urb);
  host.run_until(at(seconds(1)), [&](BusUrb& done) {
    bytes += done.actual;
    host.bus.submit(done, host.now);
  });
  EXPECT_NEAR(static_cast<double>(bytes), 64'000, 128);
}

TEST(VideoFunction, FillsEveryMicroframeAndTellsGaps) {
  auto function = make("video");
  BusHost host(*function);
  EXPECT_EQ(host.bus.set_interface(0, 1, host.now), UrbStatus::ok);
  std::vector<std::unique_ptr<HostUrb>> urbs;
  std::uint64_t next = 0;
  for (int i = 0; i < 4; ++i) {
    urbs.push_back(make_iso(kVideoIn, 32, 3072));
    host.submit(urbs.back()->urb);
  }
  host.run_until(at(seconds(1)), [&](BusUrb& done) {
    for (const BusPacket& packet : done.packets) {
      EXPECT_EQ(packet.actual, 3072u);
      EXPECT_EQ(load_le<std::uint64_t>(done.data.data() + packet.offset), next++);
    }
    host.bus.submit(done, host.now);
  });
  EXPECT_NEAR(static_cast<double>(next), 8000, 32);
}

TEST(Catalogue, EveryDeviceKnowsItsNameAndObeysOverrides) {
  for (const auto& each : device_names()) {
    DeviceOptions options;
    options.vendor = 0x1234;
    options.product = 0xABCD;
    options.serial = "studio-7";
    auto function = make(std::string(each.name), options);
    const Description& description = function->description();
    EXPECT_EQ(load_le<std::uint16_t>(description.device.data() + 8), 0x1234);
    EXPECT_EQ(load_le<std::uint16_t>(description.device.data() + 10), 0xABCD);
    EXPECT_EQ(description.serial, "studio-7");
    EXPECT_EQ(load_le<std::uint16_t>(description.configuration.data() + 2),
              description.configuration.size())
        << each.name;
    EXPECT_FALSE(function->summary().empty());
    EXPECT_EQ(function->statistics().front(), '{');
  }
}

}  // namespace
}  // namespace usbgw::device::software
