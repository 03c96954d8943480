// A bus whose plugged-in devices the test lists; each opens as the software device "counter".
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "usbside/device/software/catalogue.h"
#include "usbside/device/software/software_device.h"

namespace usbgw::node {

class ListedDevices final : public device::DeviceProvider {
 public:
  // "1209:a102:0001" and so on.
  void plug(const std::string& id) {
    device::PresentDevice device = device::software::present(options_, *make_counter());
    device.id = id;
    present_.push_back(std::move(device));
  }
  // The device vanishes, under whoever has it open.
  void unplug(const std::string& id) {
    std::erase_if(present_, [&](const auto& device) { return device.id == id; });
    for (Guarded* const device : open_)
      if (device->id == id) device->device.unplug();
  }
  // From now on devices come with one more byte in their configuration descriptor.
  void grow_descriptors() { have_grown_ = true; }

  [[nodiscard]] std::vector<device::PresentDevice> list() override { return present_; }
  [[nodiscard]] Result<std::unique_ptr<device::UsbDevice>> open(
      const device::PresentDevice& wanted) override {
    auto guarded = std::make_unique<Guarded>(*this, wanted.id, make_counter());
    if (have_grown_) guarded->own_info.configuration_descriptors.front().push_back(std::byte{0});
    return std::unique_ptr<device::UsbDevice>(std::move(guarded));
  }
  // Opened and not yet destroyed.
  [[nodiscard]] std::size_t open_devices() const { return open_.size(); }
  [[nodiscard]] std::size_t most_open_devices() const { return most_open_; }

 private:
  // A software device that tells the list when it ends.
  struct Guarded final : device::UsbDevice {
    Guarded(ListedDevices& from, std::string name,
            std::unique_ptr<device::software::Function> function)
        : list(from), id(std::move(name)), device(std::move(function), 0, id) {
      own_info = device.info();
      list.open_.push_back(this);
      list.most_open_ = std::max(list.most_open_, list.open_.size());
    }
    ~Guarded() override { std::erase(list.open_, this); }
    [[nodiscard]] const device::DeviceInfo& info() const override { return own_info; }
    [[nodiscard]] std::unique_ptr<device::Transfer> make_transfer(std::size_t packets) override {
      return device.make_transfer(packets);
    }
    [[nodiscard]] UrbStatus submit(device::Transfer& transfer) override {
      return device.submit(transfer);
    }
    void cancel(device::Transfer& transfer) override { device.cancel(transfer); }
    void start(const device::DeviceCommand& command) override { device.start(command); }
    [[nodiscard]] bool is_commanding() const override { return device.is_commanding(); }
    [[nodiscard]] std::optional<UrbStatus> finished_command() override {
      return device.finished_command();
    }
    std::size_t poll(Instant now) override { return device.poll(now); }
    [[nodiscard]] Instant next_deadline() const override { return device.next_deadline(); }
    void append_descriptors(std::vector<int>& readable) const override {
      device.append_descriptors(readable);
    }
    [[nodiscard]] bool is_gone() const override { return device.is_gone(); }

    ListedDevices& list;
    std::string id;
    device::software::SoftwareDevice device;
    device::DeviceInfo own_info;
  };

  [[nodiscard]] std::unique_ptr<device::software::Function> make_counter() const {
    return std::move(*device::software::make_function(options_));
  }

  device::software::DeviceOptions options_ = [] {
    device::software::DeviceOptions options;
    options.name = "counter";
    return options;
  }();
  std::vector<device::PresentDevice> present_;
  std::vector<Guarded*> open_;
  std::size_t most_open_ = 0;
  bool have_grown_ = false;
};

}  // namespace usbgw::node
