// A scripted USB device under virtual time. Its bus runs whether or not transfers are queued; every
// byte it gives is counted, so that tests know what must have arrived.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <set>

#include "usbside/device/usb_device.h"

namespace usbgw::device {

// Endpoints of the fake's one configuration (value 1), at high speed.
inline constexpr EndpointAddress kAudioOut{0x01};  // interface 1, alternate 1: 125 us, 28 bytes
inline constexpr EndpointAddress kAudioIn{0x82};   // interface 2, alternate 1: 125 us, 28 bytes
inline constexpr EndpointAddress kVideoIn{0x85};   // interface 3, alternate 1: 125 us, 3072 bytes
inline constexpr EndpointAddress kBulkOut{0x03};   // interface 0
inline constexpr EndpointAddress kBulkIn{0x83};    // interface 0, packets of 512
inline constexpr EndpointAddress kInterruptIn{0x84};   // interface 0, 64 bytes
inline constexpr EndpointAddress kInterruptOut{0x04};  // interface 0, 64 bytes
inline constexpr Duration kMicroframe = std::chrono::microseconds(125);

class FakeDevice final : public UsbDevice {
 public:
  explicit FakeDevice(Instant start);

  const DeviceInfo& info() const override { return info_; }
  std::unique_ptr<Transfer> make_transfer(std::size_t iso_packets) override;
  UrbStatus submit(Transfer& transfer) override;
  void cancel(Transfer& transfer) override;
  void start(const DeviceCommand& command) override;
  bool is_commanding() const override { return commanding_; }
  std::optional<UrbStatus> finished_command() override;
  std::size_t poll(Instant now) override;
  Instant next_deadline() const override { return kNever; }
  void append_descriptors(std::vector<int>&) const override {}
  bool is_gone() const override { return gone_; }

  // --- the script ---
  // The device has bytes for a bulk IN endpoint; a transfer ends when full, or at `short_after`.
  void give_bulk(std::span<const std::byte> bytes, bool short_end);
  void give_report(std::vector<std::byte> report) { reports_.push_back(std::move(report)); }
  void stall(EndpointAddress endpoint) { stalled_.insert(endpoint.value()); }
  void unplug();
  // Commands end when this is called.
  void finish_command(UrbStatus status);
  UrbStatus submit_status = UrbStatus::ok;  // what submit() answers
  // The answer to a control IN request, and what control OUT brought.
  std::function<UrbStatus(Transfer&)> control;
  // Length and first bytes of IN interval `index` of the bus.
  std::function<std::size_t(std::int64_t index)> in_length;

  // --- what happened ---
  std::vector<DeviceCommand> commands;
  std::vector<std::byte> bulk_out;
  std::map<std::int64_t, std::vector<std::byte>> audio_out;  // by bus interval
  [[nodiscard]] std::int64_t bus_interval() const { return interval_; }
  [[nodiscard]] std::size_t in_flight() const;
  std::size_t most_in_flight = 0;
  std::size_t streams_in_flight_at_command = 0;
  std::size_t bulk_left() const { return bulk_in_.size(); }

 private:
  struct Line {
    std::deque<Transfer*> queue;
    std::size_t packet = 0;  // of the first, isochronous
    std::size_t offset = 0;  // of that packet in the buffer
  };
  void run_bus(Instant now);
  void run_isochronous(Line& line);
  void run_asynchronous(Line& line);
  void run_bulk_in(Line& line);
  void complete(Line& line, UrbStatus status);

  DeviceInfo info_;
  Instant start_;
  Instant polled_at_{};
  std::int64_t interval_ = 0;  // the next to run
  std::map<std::uint8_t, Line> lines_;
  std::deque<Transfer*> done_;
  std::set<std::uint8_t> stalled_;
  std::set<Transfer*> cancelled_;
  std::deque<std::byte> bulk_in_;
  std::vector<std::size_t> short_ends_;  // counts of bytes left after which a packet is short
  std::deque<std::vector<std::byte>> reports_;
  bool commanding_ = false;
  std::optional<UrbStatus> command_result_;
  bool gone_ = false;
};

}  // namespace usbgw::device
