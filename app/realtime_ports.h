// vhci's ports, whose kernel threads run at our workers' real-time priority, on a core of their own
// if one is given: vhci_tx brings us the driver's URBs and vhci_rx gives them back, so a program
// that keeps either waiting is heard.
#pragma once

#include <memory>
#include <optional>

#include "common/log.h"
#include "usbside/host/vhci_ports.h"

namespace usbgw::app {

// What vhci's threads are given.
struct VhciThreads {
  int priority = 0;         // SCHED_FIFO; 0 leaves their scheduling alone
  std::optional<int> core;  // none: anywhere
};

class RealtimePorts final : public host::VhciPorts {
 public:
  // The log outlives the ports.
  RealtimePorts(std::unique_ptr<host::VhciPorts> ports, VhciThreads threads, Log& log)
      : ports_(std::move(ports)), threads_(threads), log_(log) {}

  [[nodiscard]] Result<Attached> attach(Speed speed, std::optional<host::VhciPort> wanted) override;
  [[nodiscard]] Result<host::VhciPortState> state(host::VhciPort port) const override {
    return ports_->state(port);
  }
  [[nodiscard]] Result<void> detach(host::VhciPort port) override { return ports_->detach(port); }
  [[nodiscard]] Result<std::vector<host::VhciPortStatus>> list() const override {
    return ports_->list();
  }

 private:
  void give_threads();

  std::unique_ptr<host::VhciPorts> ports_;
  VhciThreads threads_;
  Log& log_;
  bool refusal_told_ = false;
};

}  // namespace usbgw::app
