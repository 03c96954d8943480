#include "tests/usbside/device/fake_device.h"

#include <algorithm>

#include "common/assertion.h"
#include "common/byte_order.h"

namespace usbgw::device {
namespace {

constexpr std::size_t kBulkPacket = 512;

std::vector<std::byte> configuration() {
  std::vector<std::uint8_t> raw = {9, 2, 0, 0, 4, 1, 0, 0x80, 50};
  const auto add = [&](std::initializer_list<int> bytes) {
    for (int b : bytes) raw.push_back(static_cast<std::uint8_t>(b));
  };
  add({9, 4, 0, 0, 4, 0xFF, 0, 0, 0});
  add({7, 5, 0x03, 2, 0, 2, 0});
  add({7, 5, 0x83, 2, 0, 2, 0});
  add({7, 5, 0x84, 3, 64, 0, 4});
  add({7, 5, 0x04, 3, 64, 0, 4});
  for (int i = 1; i <= 2; ++i) {
    add({9, 4, i, 0, 0, 1, 2, 0x20, 0});
    add({9, 4, i, 1, 1, 1, 2, 0x20, 0});
    add({16, 0x24, 1, 1, 0, 1, 1, 0, 0, 0, 2, 3, 0, 0, 0, 0});
    add({6, 0x24, 2, 1, 2, 16});
    add({7, 5, i == 1 ? 0x01 : 0x82, 5, 28, 0, 1});
  }
  add({9, 4, 3, 0, 0, 0x0E, 2, 0, 0});
  add({9, 4, 3, 1, 1, 0x0E, 2, 0, 0});
  add({7, 5, 0x85, 5, 0x00, 0x14, 1});
  raw[2] = static_cast<std::uint8_t>(raw.size() & 0xFF);
  raw[3] = static_cast<std::uint8_t>(raw.size() >> 8);
  std::vector<std::byte> bytes;
  for (auto b : raw) bytes.push_back(std::byte{b});
  return bytes;
}

class FakeTransfer final : public Transfer {
 public:
  explicit FakeTransfer(std::size_t iso_packets) { packets.resize(iso_packets); }
  ~FakeTransfer() override { USBGW_ASSERT(!in_flight); }
};

}  // namespace

FakeDevice::FakeDevice(Instant start) : start_(start) {
  info_.speed = Speed::high;
  info_.configuration_descriptors = {configuration()};
  info_.active_configuration = 1;
  in_length = [](std::int64_t index) { return std::size_t{24} - (index % 3 == 0 ? 4 : 0); };
  control = [](Transfer& transfer) {
    transfer.actual = transfer.data.size();
    return UrbStatus::ok;
  };
}

std::unique_ptr<Transfer> FakeDevice::make_transfer(std::size_t iso_packets) {
  return std::make_unique<FakeTransfer>(iso_packets);
}

UrbStatus FakeDevice::submit(Transfer& transfer) {
  USBGW_ASSERT(!transfer.in_flight);
  if (gone_) return UrbStatus::no_device;
  if (submit_status != UrbStatus::ok) return submit_status;
  transfer.in_flight = true;
  lines_[transfer.type == TransferType::control ? 0 : transfer.endpoint.value()].queue.push_back(
      &transfer);
  most_in_flight = std::max(most_in_flight, in_flight());
  return UrbStatus::ok;
}

void FakeDevice::cancel(Transfer& transfer) {
  USBGW_ASSERT(transfer.in_flight);
  cancelled_.insert(&transfer);
}

void FakeDevice::start(const DeviceCommand& command) {
  USBGW_ASSERT(!commanding_ && !command_result_);
  commands.push_back(command);
  streams_in_flight_at_command = 0;
  for (const auto& [address, line] : lines_)
    if (address == 0x01 || address == 0x82 || address == 0x85 || address == 0x84)
      streams_in_flight_at_command += line.queue.size();
  if (command.kind == DeviceCommand::Kind::clear_halt) stalled_.erase(command.endpoint.value());
  commanding_ = true;
}

void FakeDevice::finish_command(UrbStatus status) {
  USBGW_ASSERT(commanding_);
  commanding_ = false;
  command_result_ = status;
}

std::optional<UrbStatus> FakeDevice::finished_command() {
  return std::exchange(command_result_, std::nullopt);
}

std::size_t FakeDevice::poll(Instant now) {
  if (commanding_) return 0;
  const Instant pending_at = std::exchange(polled_at_, now);
  run_bus(now);
  std::size_t work = 0;
  // What completes while callbacks resubmit waits for the next poll.
  auto done = std::exchange(done_, {});
  for (Transfer* transfer : done) {
    transfer->in_flight = false;
    cancelled_.erase(transfer);
    transfer->pending_at = pending_at;
    transfer->owner->on_complete(*transfer, now);
    ++work;
  }
  return work;
}

void FakeDevice::run_bus(Instant now) {
  for (auto& [address, line] : lines_)
    if (address != 0x01 && address != 0x82 && address != 0x85) run_asynchronous(line);
  while (start_ + kMicroframe * (interval_ + 1) <= now) {
    for (auto& [address, line] : lines_)
      if (address == 0x01 || address == 0x82 || address == 0x85) run_isochronous(line);
    ++interval_;
  }
  for (auto& [address, line] : lines_) {
    auto queue = line.queue;
    for (Transfer* transfer : queue) {
      if (!gone_ && !cancelled_.contains(transfer)) continue;
      std::erase(line.queue, transfer);
      if (transfer == queue.front()) line.packet = line.offset = 0;
      transfer->status = gone_ ? UrbStatus::no_device : UrbStatus::connection_reset;
      done_.push_back(transfer);
    }
  }
}

void FakeDevice::run_isochronous(Line& line) {
  if (line.queue.empty() || gone_) return;
  Transfer& transfer = *line.queue.front();
  IsoPacket& packet = transfer.packets[line.packet];
  const auto room = transfer.data.subspan(line.offset, packet.length);
  packet.status = UrbStatus::ok;
  if (transfer.endpoint.is_in()) {
    packet.actual = static_cast<std::uint32_t>(std::min(in_length(interval_), room.size()));
    for (std::size_t i = 0; i < packet.actual; ++i)
      room[i] =
          static_cast<std::byte>((interval_ >> (8 * (i % 4))) + static_cast<std::int64_t>(i / 4));
  } else {
    packet.actual = packet.length;
    audio_out[interval_].assign(room.begin(), room.end());
  }
  line.offset += packet.length;
  if (++line.packet == transfer.packets.size()) complete(line, UrbStatus::ok);
}

void FakeDevice::complete(Line& line, UrbStatus status) {
  Transfer* const transfer = line.queue.front();
  line.queue.pop_front();
  line.packet = line.offset = 0;
  transfer->status = status;
  done_.push_back(transfer);
}

void FakeDevice::run_asynchronous(Line& line) {
  while (!line.queue.empty() && !gone_) {
    Transfer& transfer = *line.queue.front();
    if (stalled_.contains(transfer.endpoint.value())) {
      complete(line, UrbStatus::stall);
      // A halted endpoint answers each queued request once, then nothing until it is cleared.
      return;
    }
    if (transfer.type == TransferType::control) {
      complete(line, control(transfer));
    } else if (transfer.endpoint == kBulkIn) {
      const std::size_t before = line.queue.size();
      run_bulk_in(line);
      if (line.queue.size() == before) return;
    } else if (transfer.endpoint == kInterruptIn) {
      if (reports_.empty()) return;
      transfer.actual = std::min(reports_.front().size(), transfer.data.size());
      std::copy_n(reports_.front().begin(), transfer.actual, transfer.data.begin());
      reports_.pop_front();
      complete(line, UrbStatus::ok);
    } else {
      bulk_out.insert(bulk_out.end(), transfer.data.begin(), transfer.data.end());
      transfer.actual = transfer.data.size();
      complete(line, UrbStatus::ok);
    }
  }
}

void FakeDevice::run_bulk_in(Line& line) {
  Transfer& transfer = *line.queue.front();
  while (!bulk_in_.empty() && transfer.actual < transfer.data.size()) {
    std::size_t size =
        std::min({bulk_in_.size(), kBulkPacket, transfer.data.size() - transfer.actual});
    const std::size_t left = bulk_in_.size();
    for (const std::size_t end : short_ends_)
      if (end < left) size = std::min(size, left - end);
    std::copy_n(bulk_in_.begin(), size,
                transfer.data.begin() + static_cast<std::ptrdiff_t>(transfer.actual));
    bulk_in_.erase(bulk_in_.begin(), bulk_in_.begin() + static_cast<std::ptrdiff_t>(size));
    transfer.actual += size;
    const auto ended = std::find(short_ends_.begin(), short_ends_.end(), bulk_in_.size());
    if (ended != short_ends_.end()) {
      short_ends_.erase(ended);
      complete(line, UrbStatus::ok);
      return;
    }
  }
  if (transfer.actual == transfer.data.size()) complete(line, UrbStatus::ok);
}

void FakeDevice::give_bulk(std::span<const std::byte> bytes, bool short_end) {
  for (auto& end : short_ends_) end += bytes.size();
  bulk_in_.insert(bulk_in_.end(), bytes.begin(), bytes.end());
  if (short_end) short_ends_.push_back(0);
}

void FakeDevice::unplug() {
  gone_ = true;
  if (commanding_) finish_command(UrbStatus::no_device);
}

std::size_t FakeDevice::in_flight() const {
  std::size_t count = done_.size();
  for (const auto& [address, line] : lines_) count += line.queue.size();
  return count;
}

}  // namespace usbgw::device
