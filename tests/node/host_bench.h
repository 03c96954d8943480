// A host with everything it has in production but TLS, DPDK and vhci_hcd, under virtual time, and
// an agent whose messages the test writes by hand.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "node/host_control.h"
#include "tests/node/agent_bench.h"

namespace usbgw::node {

// Ports whose kernel has enumerated at once and asks the device for nothing.
class QuietPorts final : public host::VhciPorts {
 public:
  [[nodiscard]] Result<Attached> attach(Speed speed, std::optional<host::VhciPort> wanted) override;
  [[nodiscard]] Result<host::VhciPortState> state(host::VhciPort port) const override;
  [[nodiscard]] Result<void> detach(host::VhciPort port) override;
  [[nodiscard]] Result<std::vector<host::VhciPortStatus>> list() const override;
  [[nodiscard]] std::size_t used() const;
  // The only port left, whose last device the kernel has not yet taken away.
  std::optional<host::VhciPort> leaving;

 private:
  class Socket;
  std::vector<std::shared_ptr<bool>> is_plugged_;  // by port
};

class HostBench {
 public:
  HostBench();

  void run();
  void run_for(Duration duration);
  // The other end of the newest connection.
  [[nodiscard]] TestHost& agent() { return *agents_.back(); }
  [[nodiscard]] std::size_t connections() const { return agents_.size(); }
  [[nodiscard]] Result<AttachmentHandle> attach(const std::string& device);
  // Has the agent grant what was asked for last.
  void grant(AttachmentId attachment, const std::string& device);
  // Asks for the device and has the agent grant it under this id.
  void attach_as(AttachmentId attachment, const std::string& device);
  // "1209:a102 live", in order.
  [[nodiscard]] std::vector<std::string> attachments();

  simulation::VirtualClock clock;
  RecordedLog log;
  QuietPorts ports;
  [[nodiscard]] HostControl& host() { return host_; }
  std::string unreachable;  // why no new connection to the agent can be made; empty: it can
  // Turned beside the host's own loops.
  std::vector<Loop*> also;

 private:
  struct Maker final : ChannelMaker {
    explicit Maker(HostBench& owner) : bench(owner) {}
    [[nodiscard]] Result<std::unique_ptr<control::ReliableChannel>> connect(const std::string& peer,
                                                                            Instant now) override;
    HostBench& bench;
  };
  struct NoWaker final : Waker {
    void wake() override {}
  };
  std::size_t turn_all();

  std::vector<std::unique_ptr<TestHost>> agents_;
  NoWaker waker_;
  Maker maker_{*this};
  simulation::SeededNumbers numbers_{7};
  simulation::MemoryPort port_;
  LocalNode local_;
  PacketLoop packets_;
  HostUsbLoop usb_;
  HostControl host_;
};

}  // namespace usbgw::node
