#include "app/devices.h"

#include <algorithm>

#include "usbside/device/libusb/libusb_provider.h"
#include "usbside/device/libusb/usbfs_memory.h"
#include "usbside/device/software/software_provider.h"

namespace usbgw::app {
namespace {

namespace software = device::software;

// The machine's bus; says in the log when usbfs has too little memory for a device's streams.
class BusProvider final : public device::DeviceProvider {
 public:
  // `user`: of [node]; empty when the key is not there.
  BusProvider(std::unique_ptr<device::LibusbProvider> bus, device::StreamTuning tuning,
              config::Value<std::string> user, Log& log)
      : bus_(std::move(bus)), tuning_(tuning), user_(std::move(user)), log_(log) {}

  [[nodiscard]] std::vector<device::PresentDevice> list() override { return bus_->list(); }

  [[nodiscard]] Result<std::unique_ptr<device::UsbDevice>> open(
      const device::PresentDevice& wanted) override {
    auto opened = bus_->open(wanted);
    if (!opened) return with_key(std::move(opened));
    const auto warning = device::usbfs_memory_warning(
        device::usbfs_need((*opened)->info(), tuning_), device::usbfs_memory_mb());
    if (warning) log_.warning(wanted.id + ": " + *warning);
    return opened;
  }

 private:
  // The right that is missing is one that the configuration gave up.
  [[nodiscard]] Result<std::unique_ptr<device::UsbDevice>> with_key(
      Result<std::unique_ptr<device::UsbDevice>> refused) const {
    if (refused.error().code == ErrorCode::refused && user_.is_written()) {
      refused.error().context += " (" + user_.at.to_string() + " is \"" + *user_ + "\")";
    }
    return refused;
  }

  std::unique_ptr<device::LibusbProvider> bus_;
  device::StreamTuning tuning_;
  config::Value<std::string> user_;
  Log& log_;
};

class CompositeProvider final : public device::DeviceProvider {
 public:
  void add(std::unique_ptr<device::DeviceProvider> part) { parts_.push_back(std::move(part)); }

  [[nodiscard]] std::vector<device::PresentDevice> list() override {
    std::vector<device::PresentDevice> all;
    for (const auto& part : parts_) {
      for (auto& found : part->list()) all.push_back(std::move(found));
    }
    return all;
  }

  [[nodiscard]] Result<std::unique_ptr<device::UsbDevice>> open(
      const device::PresentDevice& wanted) override {
    for (const auto& part : parts_) {
      for (const auto& found : part->list()) {
        if (found.id == wanted.id) return part->open(found);
      }
    }
    return fail(ErrorCode::not_found, wanted.id + " was unplugged");
  }

 private:
  std::vector<std::unique_ptr<device::DeviceProvider>> parts_;
};

}  // namespace

Result<std::unique_ptr<device::DeviceProvider>> make_devices(const config::Document& document,
                                                             const Clock& clock, Log& log) {
  std::vector<software::DeviceOptions> options;
  for (const config::ExportEntry& entry : document.exports) {
    if (!entry.device->is_software()) continue;
    software::DeviceOptions one;
    one.name = entry.device->software;
    options.push_back(std::move(one));
  }
  auto all = std::make_unique<CompositeProvider>();
  if (!options.empty()) all->add(std::make_unique<software::SoftwareProvider>(std::move(options)));
  const bool wants_bus = std::any_of(document.exports.begin(), document.exports.end(),
                                     [](const auto& e) { return !e.device->is_software(); });
  if (wants_bus) {
    auto bus = device::make_libusb_provider(clock);
    if (!bus) return tl::unexpected(bus.error());
    const config::StreamsSection& streams = document.streams;
    const device::StreamTuning tuning{*streams.transfer, *streams.in_ring, *streams.out_ahead, 0};
    all->add(std::make_unique<BusProvider>(std::move(*bus), tuning, document.node.user, log));
  }
  return std::unique_ptr<device::DeviceProvider>(std::move(all));
}

}  // namespace usbgw::app
