// A software device inside this process, behind the calls of a real one: one Function on a bus of
// its own whose time is what poll() is told. The USB worker owns it; commands take no time.
#pragma once

#include <deque>
#include <memory>

#include "usbside/device/device_provider.h"
#include "usbside/device/software/device_options.h"
#include "usbside/device/software/function.h"
#include "usbside/device/software/software_bus.h"
#include "usbside/device/usb_device.h"

namespace usbgw::device::software {

class SoftwareDevice final : public UsbDevice {
 public:
  // `location` is what people are shown: "software:uac2".
  SoftwareDevice(std::unique_ptr<Function> function, double bus_ppm, std::string location);
  // The function outlives the device: for tests and simulations that look at it afterwards.
  SoftwareDevice(Function& function, double bus_ppm, std::string location);

  [[nodiscard]] const DeviceInfo& info() const override { return info_; }
  [[nodiscard]] std::unique_ptr<Transfer> make_transfer(std::size_t iso_packets) override;
  [[nodiscard]] UrbStatus submit(Transfer& transfer) override;
  void cancel(Transfer& transfer) override;
  void start(const DeviceCommand& command) override;
  [[nodiscard]] bool is_commanding() const override { return false; }
  [[nodiscard]] std::optional<UrbStatus> finished_command() override;
  std::size_t poll(Instant now) override;
  [[nodiscard]] Instant next_deadline() const override;
  void append_descriptors(std::vector<int>&) const override {}
  [[nodiscard]] bool is_gone() const override { return gone_; }

  // Pulls the plug: everything in flight completes with no_device.
  void unplug() { gone_ = true; }

 private:
  struct BusTransfer;

  void fetch_completed();
  void finish(BusTransfer& transfer, Instant completed);
  [[nodiscard]] std::size_t fail_all(Instant now);

  std::unique_ptr<Function> owned_;
  Function& function_;
  double bus_ppm_;
  DeviceInfo info_;
  std::optional<SoftwareBus> bus_;  // starts with the first poll, which tells the time
  std::vector<BusTransfer*> in_flight_;
  std::deque<BusUrb*> done_;  // in the order in which they ended
  std::optional<UrbStatus> finished_;
  std::deque<DeviceCommand> commands_;
  bool gone_ = false;
};

// What `software:NAME` in an export says about the device before it is opened.
[[nodiscard]] PresentDevice present(const DeviceOptions& options, const Function& function);

}  // namespace usbgw::device::software
