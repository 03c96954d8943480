// A model of vhci_hcd's ports and sockets for the host role in simulation and in the demo where the
// kernel has none.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "common/loop.h"
#include "simulation/usb_core_model.h"
#include "usbside/host/vhci_ports.h"

namespace usbgw::simulation {

class VhciModel final : public host::VhciPorts, public Loop {
 public:
  // `driver` says who drives a device plugged into a port; the driver outlives the model. `kernel`
  // is woken when the gateway has written an answer: whoever turns this loop.
  explicit VhciModel(std::function<DriverModel&(host::VhciPort)> driver, Waker* kernel = nullptr);
  ~VhciModel() override;

  [[nodiscard]] Result<Attached> attach(Speed speed, std::optional<host::VhciPort> wanted) override;
  [[nodiscard]] Result<host::VhciPortState> state(host::VhciPort port) const override;
  [[nodiscard]] Result<void> detach(host::VhciPort port) override;
  [[nodiscard]] Result<std::vector<host::VhciPortStatus>> list() const override;

  // The kernel's side of every port.
  std::size_t turn(Instant now) override;
  [[nodiscard]] Instant next_deadline() const override;

  // A socket is readable for the gateway: commands wait, or the kernel has closed it.
  [[nodiscard]] bool is_readable() const;
  [[nodiscard]] std::vector<std::string> violations() const;
  [[nodiscard]] Duration longest_isochronous_wait() const;

 private:
  struct Line;
  class Socket;
  std::function<DriverModel&(host::VhciPort)> driver_;
  Waker* kernel_;
  std::vector<std::unique_ptr<Line>> lines_;
  std::vector<std::string> ended_violations_;
  Duration ended_wait_{};
};

}  // namespace usbgw::simulation
