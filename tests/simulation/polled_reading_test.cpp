// Polled endpoints through the whole system: a MIDI device whose messages count, and a driver that
// stops reading for seconds.
#include <gtest/gtest.h>

#include "simulation/whole_system.h"
#include "tests/simulation/single_device.h"
#include "usbside/device/software/midi_function.h"

namespace usbgw::simulation {
namespace {

using namespace std::chrono_literals;
using device::software::kMidiIn;
using device::software::MidiFunction;

constexpr std::size_t kUrbs = 7;  // as snd-usbmidi's
constexpr std::uint32_t kUrbBytes = 64;
constexpr std::size_t kMessageBytes = 4;

// Reads MIDI, but for a pause.
class PausingReader final : public DriverModel {
 public:
  PausingReader(Instant pause, Instant resume) : pause_(pause), resume_(resume) {}

  void configured(DeviceModel& device, const wire::Configuration&, Instant now) override {
    for (std::size_t i = 0; i < kUrbs; ++i) submit(device, now);
  }
  void completed(DeviceModel& device, ModelUrb&& urb, Instant now) override {
    if (urb.endpoint != kMidiIn || urb.status != UrbStatus::ok) return;
    urb.data.resize(urb.actual);
    for (std::size_t at = 0; at + kMessageBytes <= urb.data.size(); at += kMessageBytes)
      hear(urb.data.data() + at);
    if (is_reading(now))
      submit(device, now);
    else
      ++idle_;
  }
  void disconnected(Instant) override {}
  std::size_t turn(DeviceModel& device, Instant now) override {
    if (idle_ == 0 || !is_reading(now)) return 0;
    for (; idle_ > 0; --idle_) submit(device, now);
    return 1;
  }
  [[nodiscard]] Instant next_deadline() const override { return idle_ > 0 ? resume_ : kNever; }

  [[nodiscard]] std::uint64_t messages() const { return messages_; }
  [[nodiscard]] std::uint64_t out_of_order() const { return out_of_order_; }

 private:
  [[nodiscard]] bool is_reading(Instant now) const { return now < pause_ || now >= resume_; }
  void submit(DeviceModel& device, Instant now) {
    ModelUrb urb;
    urb.endpoint = kMidiIn;
    urb.length = kUrbBytes;
    static_cast<void>(device.submit(std::move(urb), now));
  }
  void hear(const std::byte* message) {
    const auto value = [&](std::size_t i) { return std::to_integer<std::uint32_t>(message[i]); };
    const std::uint32_t count = (value(1) & 0xF) << 14 | value(3) << 7 | value(2);
    if (count != messages_ % device::software::kMidiCounts) ++out_of_order_;
    ++messages_;
  }

  Instant pause_;
  Instant resume_;
  std::size_t idle_ = 0;  // URBs that the driver keeps
  std::uint64_t messages_ = 0;
  std::uint64_t out_of_order_ = 0;  // missing, repeated or early
};

class PolledReading : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(PolledReading, DriverThatPausesGetsEveryReportOnceAndInOrder) {
  constexpr std::uint64_t kMessages = 40'000;
  device::software::DeviceOptions options;
  options.name = "midi";
  options.events = kMessages;
  options.events_per_second = 5000;
  options.script_delay = 100ms;
  SingleDevice devices(options);
  VirtualClock clock;
  SystemConfig config;
  config.seed = GetParam();
  config.device = "software:midi";
  config.to_host = config.to_agent = {4ms, 2ms, false, 0.02, 0, {}};
  config.control_delay = 4ms;
  const Instant start = clock.now();
  PausingReader reader(start + 2s, start + 6s);
  WholeSystem system(config, clock, devices, reader);
  const auto given = [&] { return devices.function<MidiFunction>().given(); };

  system.run_until(start + 2100ms);
  const std::uint64_t read = reader.messages();
  EXPECT_GT(read, 5000u);
  system.run_until(start + 5900ms);
  EXPECT_EQ(reader.messages(), read);
  // In 3.9 s 19500 messages were due, each a report. The device has given what the bound (less what
  // the agent had not been told yet) and the agent's transfers hold, and keeps the rest.
  EXPECT_GE(given() - read, wire::kMaxUntakenReports * 7 / 8);
  EXPECT_LE(given() - read, wire::kMaxUntakenReports + 4);

  system.run_until(start + 20s);
  EXPECT_EQ(reader.messages(), kMessages) << "seed " << GetParam();
  EXPECT_EQ(reader.out_of_order(), 0u) << "seed " << GetParam();
  EXPECT_EQ(given(), kMessages);
  EXPECT_TRUE(system.shut_down(5s));
  EXPECT_TRUE(system.vhci().violations().empty());
}

INSTANTIATE_TEST_SUITE_P(Seeds, PolledReading, ::testing::Values(1, 2, 3));

}  // namespace
}  // namespace usbgw::simulation
