// The kernel's vhci_hcd through sysfs. The attach and detach files are opened at start, while the
// process may still do so; attaching later needs no right. Control thread; nothing waits.
#pragma once

#include <filesystem>
#include <memory>

#include "usbside/host/vhci_ports.h"

namespace usbgw::host {

class VhciController final : public VhciPorts {
 public:
  // Errors: unavailable (vhci_hcd is not loaded, or no right to its files).
  [[nodiscard]] static Result<std::unique_ptr<VhciController>> open(
      std::filesystem::path folder = "/sys/devices/platform/vhci_hcd.0");
  ~VhciController() override;
  VhciController(const VhciController&) = delete;
  VhciController& operator=(const VhciController&) = delete;

  [[nodiscard]] Result<Attached> attach(Speed speed, std::optional<VhciPort> wanted) override;
  [[nodiscard]] Result<VhciPortState> state(VhciPort port) const override;
  [[nodiscard]] Result<void> detach(VhciPort port) override;
  [[nodiscard]] Result<std::vector<VhciPortStatus>> list() const override;

 private:
  VhciController(std::filesystem::path folder, int attach_file, int detach_file)
      : folder_(std::move(folder)), attach_(attach_file), detach_(detach_file) {}
  [[nodiscard]] Result<Attached> attach_at(VhciPort port, Speed speed);
  [[nodiscard]] std::filesystem::path controller(std::size_t number) const;
  [[nodiscard]] static Result<void> check(const VhciPortStatus& port, Speed speed);

  std::filesystem::path folder_;
  int attach_;
  int detach_;
};

}  // namespace usbgw::host
