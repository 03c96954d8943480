// A whole usbgw in one thread under virtual time: both roles as they are in production, on a seeded
// network, against a model of the kernel. The same seed gives the same run. Time goes from one
// thread's waking to the next: what has nothing to do costs nothing.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/log.h"
#include "node/agent_control.h"
#include "node/host_control.h"
#include "simulation/impairment.h"
#include "simulation/memory_port.h"
#include "simulation/memory_switch.h"
#include "simulation/seeded_numbers.h"
#include "simulation/simulated_thread.h"
#include "simulation/vhci_model.h"
#include "simulation/virtual_clock.h"

namespace usbgw::simulation {

// How one machine runs its threads.
struct MachineConfig {
  WakeUpLateness lateness;
  Duration
      port_look{};  // `workers.idle_sleep`: between two looks at the port. Zero: datagrams wake
};

struct SecondPath {
  ImpairmentProfile to_host;
  ImpairmentProfile to_agent;
};

struct SystemConfig {
  std::uint64_t seed = 1;
  MachineConfig agent_machine;
  MachineConfig host_machine;  // vhci's own threads too
  ImpairmentProfile to_host;   // agent to host
  ImpairmentProfile to_agent;  // host to agent
  std::optional<SecondPath> second_path;
  Duration control_delay{};  // one way, of the reliable channel
  std::size_t max_payload = 1452;
  std::string device;  // export id
  device::StreamTuning tuning;
  host::PlayoutConfig playout;
  node::RepairConfig repair;
  // Of the export.
  std::size_t exported_packet_bytes = 0;
  Duration exported_playout{};
};

class WholeSystem {
 public:
  // `devices` and `driver` outlive the system. The device is exported, attached and driven from the
  // start.
  WholeSystem(const SystemConfig& config, VirtualClock& clock, device::DeviceProvider& devices,
              DriverModel& driver);
  ~WholeSystem();

  void run_for(Duration duration);
  void run_until(Instant end);
  // Detaches and runs until nothing is left, or `limit` has passed. False: something stayed behind.
  [[nodiscard]] bool shut_down(Duration limit);

  [[nodiscard]] node::HostControl& host() { return *host_; }
  [[nodiscard]] node::AgentControl& agent() { return *agent_; }
  [[nodiscard]] VhciModel& vhci() { return *vhci_; }
  [[nodiscard]] Impairment& to_host() { return to_host_; }
  [[nodiscard]] Impairment& to_agent() { return to_agent_; }
  [[nodiscard]] Impairment& to_host(PathId path) {
    return path == PathId::first ? to_host_ : second_->to_host;
  }
  [[nodiscard]] Impairment& to_agent(PathId path) {
    return path == PathId::first ? to_agent_ : second_->to_agent;
  }
  [[nodiscard]] const MemoryPort& agent_port() const { return agent_port_; }
  [[nodiscard]] const MemoryPort& host_port() const { return host_port_; }
  // Of either side's datagrams, since the last call.
  [[nodiscard]] std::size_t take_largest_datagram() {
    return std::max(agent_port_.take_largest_sent(), host_port_.take_largest_sent());
  }
  [[nodiscard]] VirtualClock& clock() { return clock_; }
  // Asks the USB worker and runs until the answer is here. Null: not attached.
  [[nodiscard]] const host::AttachmentStatus* status();

 private:
  enum Thread : std::size_t { kAgentData, kHostData, kKernel, kAgentControl, kHostControl };
  static constexpr std::size_t kThreads = 5;
  void run_thread(std::size_t which);
  void pass_events();

  SystemConfig config_;
  VirtualClock& clock_;
  Random kernel_random_;
  std::array<SimulatedThread, kThreads> threads_;
  Impairment to_host_;
  Impairment to_agent_;
  MemoryPort agent_port_;
  MemoryPort host_port_;
  struct Second {
    Impairment to_host;
    Impairment to_agent;
    MemoryPort agent_port;
    MemoryPort host_port;
  };
  std::unique_ptr<Second> second_;
  MemorySwitch switch_;
  SeededNumbers numbers_;
  struct OpenPolicy final : node::AccessPolicy {
    [[nodiscard]] std::optional<std::string> refuses(const std::string&,
                                                     const device::PresentDevice&) override {
      return std::nullopt;
    }
  };
  OpenPolicy access_;
  NullLog log_;
  control::NullAudit audit_;
  control::MemoryLeaseStore lease_store_;
  control::LeaseManager leases_{lease_store_, audit_};
  control::MemoryPinStore pins_;
  node::ExportDesk exports_;
  node::LocalNode agent_node_;
  node::LocalNode host_node_;
  node::PacketLoop agent_packets_;
  node::PacketLoop host_packets_;
  node::AgentUsbLoop agent_usb_;
  node::HostUsbLoop host_usb_;
  std::unique_ptr<VhciModel> vhci_;
  std::unique_ptr<node::AgentControl> agent_;
  std::unique_ptr<node::HostControl> host_;
};

}  // namespace usbgw::simulation
