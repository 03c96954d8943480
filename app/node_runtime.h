// A running node: ports, workers, roles and the admin socket, from the configuration. Threads: one
// packet worker for each port and one USB worker for each role, or all of them fused on small
// machines; one control worker; the caller only waits.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/dataplane.h"
#include "common/log.h"
#include "common/loop.h"
#include "config/document.h"
#include "simulation/impairment.h"
#include "usbside/host/vhci_ports.h"

namespace usbgw::app {

// What stands in for parts of this machine.
struct RuntimeOverrides {
  host::VhciPorts* ports = nullptr;  // instead of the kernel's vhci_hcd
  Loop* ports_loop = nullptr;        // turns them; everything then runs in one thread
};

class NodeRuntime {
 public:
  // Opens everything that can fail; nothing runs yet. Errors are one line for people.
  [[nodiscard]] static Result<std::unique_ptr<NodeRuntime>> make(const config::Document& document,
                                                                 Log& log,
                                                                 RuntimeOverrides overrides = {});
  ~NodeRuntime();
  NodeRuntime(const NodeRuntime&) = delete;
  NodeRuntime& operator=(const NodeRuntime&) = delete;

  void start();
  // Unplugs and gives everything back; waits at most `limit`. False: something was left behind and
  // the workers still run; what is stuck can be neither joined nor destroyed, so leave_at_once().
  [[nodiscard]] bool stop(Duration limit);

  // What the configured impairment has done, both ways; any thread, approximate.
  [[nodiscard]] simulation::ImpairmentCounts impairments() const;
  // One line for each worker, after a stop() that was true: how punctual it was.
  [[nodiscard]] std::vector<std::string> worker_records() const;

 private:
  struct Parts;
  explicit NodeRuntime(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace usbgw::app
