// vhci's ports, whose kernel threads run at our workers' real-time priority: vhci_tx brings us the
// driver's URBs and vhci_rx gives them back, so a program that keeps either waiting is heard.
#pragma once

#include <memory>
#include <string_view>

#include "common/log.h"
#include "usbside/host/vhci_ports.h"

namespace usbgw::app {

// Whose `/proc/PID/stat` this is: one of vhci's two, not a program that has given itself the name.
[[nodiscard]] bool is_vhci_thread(std::string_view stat);

class RealtimePorts final : public host::VhciPorts {
 public:
  // `priority`: SCHED_FIFO; 0 leaves the threads alone. The log outlives the ports.
  RealtimePorts(std::unique_ptr<host::VhciPorts> ports, int priority, Log& log)
      : ports_(std::move(ports)), priority_(priority), log_(log) {}

  [[nodiscard]] Result<Attached> attach(Speed speed, std::optional<host::VhciPort> wanted) override;
  [[nodiscard]] Result<host::VhciPortState> state(host::VhciPort port) const override {
    return ports_->state(port);
  }
  [[nodiscard]] Result<void> detach(host::VhciPort port) override { return ports_->detach(port); }
  [[nodiscard]] Result<std::vector<host::VhciPortStatus>> list() const override {
    return ports_->list();
  }

 private:
  std::unique_ptr<host::VhciPorts> ports_;
  int priority_;
  Log& log_;
  bool refusal_told_ = false;
};

}  // namespace usbgw::app
