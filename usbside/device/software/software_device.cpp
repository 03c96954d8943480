#include "usbside/device/software/software_device.h"

#include <algorithm>

#include "common/assertion.h"
#include "wire/descriptors.h"

namespace usbgw::device::software {

struct SoftwareDevice::BusTransfer final : Transfer {
  BusUrb urb;
};

SoftwareDevice::SoftwareDevice(std::unique_ptr<Function> function, double bus_ppm,
                               std::string location)
    : SoftwareDevice(*function, bus_ppm, std::move(location)) {
  owned_ = std::move(function);
}

SoftwareDevice::SoftwareDevice(Function& function, double bus_ppm, std::string location)
    : function_(function), bus_ppm_(bus_ppm) {
  const Description& description = function_.description();
  const auto device = wire::parse_device_descriptor(description.device);
  USBGW_ASSERT(device.has_value());
  info_.vendor_id = device->vendor_id;
  info_.product_id = device->product_id;
  info_.serial = description.serial;
  info_.manufacturer = description.manufacturer;
  info_.product = description.product;
  info_.location = std::move(location);
  info_.speed = description.speed;
  info_.device_descriptor = description.device;
  info_.configuration_descriptors = {description.configuration};
  info_.active_configuration = 1;
}

std::unique_ptr<Transfer> SoftwareDevice::make_transfer(std::size_t iso_packets) {
  auto transfer = std::make_unique<BusTransfer>();
  transfer->packets.resize(iso_packets);
  transfer->urb.packets.reserve(iso_packets);
  return transfer;
}

UrbStatus SoftwareDevice::submit(Transfer& transfer) {
  if (gone_) return UrbStatus::no_device;
  auto& ours = static_cast<BusTransfer&>(transfer);
  USBGW_ASSERT(!ours.in_flight && bus_);
  BusUrb& urb = ours.urb;
  urb.endpoint = ours.endpoint;
  urb.setup = ours.setup;
  urb.data = ours.data;
  urb.zero_packet = ours.zero_packet;
  urb.short_not_ok = ours.short_not_ok;
  urb.status = UrbStatus::ok;
  urb.actual = 0;
  urb.next_packet = 0;
  urb.packets.clear();
  if (ours.type == TransferType::isochronous) {
    std::uint32_t offset = 0;
    for (const IsoPacket& packet : ours.packets) {
      urb.packets.push_back({offset, packet.length, 0, UrbStatus::ok});
      offset += packet.length;
    }
  }
  ours.in_flight = true;
  in_flight_.push_back(&ours);
  bus_->submit(urb, bus_->now());
  return UrbStatus::ok;
}

void SoftwareDevice::cancel(Transfer& transfer) {
  auto& ours = static_cast<BusTransfer&>(transfer);
  if (!ours.in_flight || !bus_) return;
  fetch_completed();  // what the bus finished earlier is told earlier
  if (!bus_->unlink(ours.urb)) return;
  ours.urb.status = UrbStatus::connection_reset;
  ours.urb.completed = bus_->now();
  done_.push_back(&ours.urb);
}

void SoftwareDevice::start(const DeviceCommand& command) {
  commands_.push_back(command);
}

std::optional<UrbStatus> SoftwareDevice::finished_command() {
  return std::exchange(finished_, {});
}

void SoftwareDevice::fetch_completed() {
  while (BusUrb* const urb = bus_->next_completed()) done_.push_back(urb);
}

void SoftwareDevice::finish(BusTransfer& transfer, Instant completed) {
  std::erase(in_flight_, &transfer);
  const BusUrb& urb = transfer.urb;
  transfer.in_flight = false;
  transfer.status = urb.status;
  transfer.actual = urb.actual;
  for (std::size_t i = 0; i < urb.packets.size(); ++i) {
    transfer.packets[i].actual = urb.packets[i].actual;
    transfer.packets[i].status = urb.packets[i].status;
  }
  transfer.pending_at = completed;  // the bus tells exactly
  transfer.owner->on_complete(transfer, completed);
}

std::size_t SoftwareDevice::fail_all(Instant now) {
  std::size_t work = 0;
  while (!in_flight_.empty()) {
    BusTransfer& transfer = *in_flight_.front();
    static_cast<void>(bus_->unlink(transfer.urb));
    transfer.urb.status = UrbStatus::no_device;
    finish(transfer, now);
    ++work;
  }
  done_.clear();
  return work;
}

std::size_t SoftwareDevice::poll(Instant now) {
  if (!bus_) bus_.emplace(function_, BusConfig{bus_ppm_, now});
  std::size_t work = 0;
  while (!commands_.empty()) {
    const DeviceCommand command = commands_.front();
    commands_.pop_front();
    ++work;
    finished_ = UrbStatus::ok;
    if (gone_) {
      finished_ = UrbStatus::no_device;
      continue;
    }
    bus_->advance(now);
    switch (command.kind) {
      case DeviceCommand::Kind::set_configuration:
        finished_ = bus_->set_configuration(command.value, now);
        break;
      case DeviceCommand::Kind::set_interface:
        finished_ = bus_->set_interface(command.interface, command.value, now);
        break;
      case DeviceCommand::Kind::clear_halt:
        bus_->clear_halt(command.endpoint);
        break;
      case DeviceCommand::Kind::claim:
        finished_ = bus_->set_configuration(1, now);
        break;
      case DeviceCommand::Kind::reset:
      case DeviceCommand::Kind::release:
        bus_->reset(now);
        break;
    }
  }
  if (gone_) return work + fail_all(now);
  bus_->advance(now);
  fetch_completed();
  while (!done_.empty()) {
    const BusUrb* const urb = done_.front();
    done_.pop_front();
    const auto done = std::find_if(in_flight_.begin(), in_flight_.end(),
                                   [&](const BusTransfer* t) { return &t->urb == urb; });
    USBGW_ASSERT(done != in_flight_.end());
    finish(**done, urb->completed);
    bus_->advance(now);
    fetch_completed();
    ++work;
  }
  return work;
}

Instant SoftwareDevice::next_deadline() const {
  if (!bus_ || !commands_.empty() || !done_.empty() || (gone_ && !in_flight_.empty())) {
    return Instant{};
  }
  return bus_->next_deadline();
}

PresentDevice present(const DeviceOptions& options, const Function& function) {
  const Description& description = function.description();
  PresentDevice device;
  device.id = "software:" + options.name;
  device.location = "in this process";
  device.serial = description.serial;
  device.manufacturer = description.manufacturer;
  device.product = description.product;
  device.speed = description.speed;
  if (const auto parsed = wire::parse_device_descriptor(description.device)) {
    device.vendor_id = parsed->vendor_id;
    device.product_id = parsed->product_id;
  }
  device.interface_classes =
      interface_classes(std::span(&description.configuration, 1), description.speed);
  return device;
}

}  // namespace usbgw::device::software
